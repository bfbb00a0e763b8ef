import sqlite3

import pytest
from mlflow import MlflowClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from fer_exp.errors import UserError
from fer_exp.tracking import open_store


@pytest.fixture
def interrupted():
    """interrupted(call): the call ends in the midst of making MLflow's tables."""

    def run(call):
        statements = []

        def count(connection, cursor, statement, *_):
            statements.append(statement)
            if sum(text.lstrip().startswith(("CREATE", "INSERT", "DROP", "ALTER")) for text in statements) > 100:
                raise KeyboardInterrupt

        event.listen(Engine, "before_cursor_execute", count)
        try:
            with pytest.raises(KeyboardInterrupt):
                call()
        finally:
            event.remove(Engine, "before_cursor_execute", count)

    return run


def test_a_first_start_that_is_interrupted_leaves_no_database(tmp_path, interrupted):
    home = tmp_path / "fresh"
    uri = f"sqlite:///{home}/mlflow.db"
    interrupted(lambda: open_store(uri, "faces"))
    assert not (home / "mlflow.db").exists()
    left = home / ".part-mlflow.db-killed"
    left.mkdir()  # as by SIGKILL
    store = open_store(uri, "faces")
    assert store.client.get_experiment_by_name("faces") is not None
    assert sorted(file.name for file in home.iterdir()) == ["mlflow.db", "mlflow.db.lock"]


def test_a_half_made_database_is_named_with_what_to_do(tmp_path, interrupted):
    file = tmp_path / "half.db"
    interrupted(lambda: MlflowClient(f"sqlite:///{file}").search_experiments())
    with pytest.raises(UserError) as caught:
        open_store(f"sqlite:///{file}", "faces", must_answer=False)
    assert f"Move {file} away" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"no database", None])
def test_what_is_no_database_of_ours_is_named(tmp_path, content):
    file = tmp_path / "other.db"
    if content is None:
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE experiments (mine INTEGER)")
    else:
        file.write_bytes(content * 100)
    with pytest.raises(UserError, match=f"Move {file} away"):
        open_store(f"sqlite:///{file}", "faces", must_answer=False)
