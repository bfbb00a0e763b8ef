import pytest

from fer_exp.errors import UserError
from fer_exp.tracking import open_store
from fer_exp.tracking.errors import reason


def test_secrets_are_neither_taken_nor_said(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://anna:hush@127.0.0.1:9")
    with pytest.raises(UserError, match=r"^MLFLOW_TRACKING_URI=http://\*\*\*@127\.0\.0\.1:9 holds") as caught:
        open_store(None, "faces")
    assert "hush" not in str(caught.value)


def test_a_reason_holds_no_secrets():
    said = reason(OSError("http://127.0.0.1:9: no such page: /api?token=hush&run=7"))
    assert said == "http://127.0.0.1:9: no such page: /api?token=***&run=7"
