"""What docs/ shows is run as it stands there."""

import re
from pathlib import Path

import pytest
from predicted import predictions

from fer_exp.config.tracking import TrackingConfig
from fer_exp.tracking import open_store

DOCS = Path(__file__).resolve().parents[1] / "docs"
EXECUTED = re.compile(r"^<!-- executed: tests/test_docs.py -->\n+```python\n(.*?)^```$", re.M | re.S)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The experiment that commands use unless told otherwise, where a notebook looks for it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return open_store(None, TrackingConfig().experiment)


@pytest.fixture
def notebook(add):
    """The names that the page's lines begin with, of a sweep of two runs."""
    run_id = add("normal", 0, predictions(0.9, 0.3, 1))
    add("mixed", 0, predictions(0.85, 0.75, 3))
    return {"run_id": run_id, "sweep_id": "s-1"}


def test_the_lines_for_a_notebook_run_and_give_tables(notebook):
    (code,) = EXECUTED.findall((DOCS / "notebooks.md").read_text(encoding="utf-8"))
    assert len(code.splitlines()) <= 7
    exec(compile(code, "notebooks.md", "exec"), notebook)
    tables = [value for value in notebook.values() if hasattr(value, "columns")]
    assert {"id", "label"} <= set(tables[0].columns) and len(tables[0]) == 120
    assert any(list(table.index) == ["normal", "mixed"] for table in tables[1:])
