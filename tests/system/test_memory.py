from types import SimpleNamespace

import pytest

from fer_exp.system import memory


@pytest.mark.parametrize("limit, free", [("max", 1000), ("700", 300), ("300", 0), ("5000", 1000)])
def test_a_container_has_no_more_than_its_limit(monkeypatch, tmp_path, limit, free):
    files = tmp_path / "max", tmp_path / "current"
    for file, content in zip(files, (limit, "400"), strict=True):
        file.write_text(content)
    monkeypatch.setattr(memory, "GROUPS", (files, ("/no/such/file", "/no/such/file")))
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    assert memory.available_memory() == free
