import pytest

from fer_exp.tracking import ServerUnavailable, open_store


def test_passwords_are_not_said(monkeypatch, caplog):
    monkeypatch.setattr("fer_exp.tracking.store.WAIT", 0)
    with pytest.raises(ServerUnavailable) as caught:
        open_store("http://anna:secret@127.0.0.1:9", "faces")
    assert "secret" not in str(caught.value) and "anna:***@127.0.0.1" in str(caught.value)
