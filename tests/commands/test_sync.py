import os
import subprocess
import sys

import pytest
from records import journals

from fer_exp.commands import sync
from fer_exp.errors import UserError
from fer_exp.tracking import Recorder


def test_a_server_that_does_not_know_the_run_refuses_nothing_for_ever(store, away, tmp_path, capsys):
    away()
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        run.log_metrics({"loss": 0.5}, 1)
    assert sync.sync(store.home, to=f"sqlite:///{tmp_path}/wrong/mlflow.db") == 1
    assert sync.sync(store.home) == 0
    assert store.client.get_run(run.id).data.metrics == {"loss": 0.5}


def test_a_journal_that_is_being_written_is_left_alone(store, away, capsys):
    away()
    run = Recorder.new(store, "r", {"kind": "run"})
    run.log_metrics({"loss": 0.5}, 1)
    code = f"from fer_exp.commands.sync import *; sys.exit(sync(Path({str(store.home)!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "nothing is left to deliver\n")
    assert len(journals(store)) == 1
    run.close()
    assert sync.sync(store.home) == 0
    assert f"delivered: r ({run.id}), 1 records" in capsys.readouterr().out


def test_a_server_that_has_moved_is_given_what_was_meant_for_the_old_address(store, tmp_path, away, capsys):
    away()
    with Recorder(store._replace(uri="http://127.0.0.1:9", experiment_id=None), "r", tags={"sweep_id": "s-7"}) as run:
        run.log_metrics({"loss": 0.5}, 1)
    assert sync.sync(store.home, to=store.uri) == 0
    assert "python evaluate.py sweep=s-7" in capsys.readouterr().out
    (found,) = store.client.search_runs([store.experiment_id])
    assert (found.data.tags["journal"], found.info.status) == (run.id, "FINISHED")


def test_sync_says_what_it_needs(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sync", "--home", str(tmp_path / "nowhere")])
    assert sync.main() == 2
    assert "no such folder" in capsys.readouterr().err
    assert sync.main(["--home", str(tmp_path)]) == 0
    assert sync.main(["--home", str(tmp_path), "--to", "https://hush@host"]) == 1
    said = capsys.readouterr().err
    assert "--to=https://***@host holds" in said and "hush" not in said


def test_a_journal_of_another_user_is_named_and_stops_nobody(store, away, monkeypatch, capsys):
    away()
    for name in ("mine", "theirs"):
        with Recorder.new(store, name, {"kind": "run"}) as run:
            run.log_metrics({"loss": 0.5}, 1)
    theirs = store.journal / run.journal.id
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != theirs and real(path, mode))  # root may read all
    assert sync.sync(store.home) == 1
    said = capsys.readouterr()
    assert "delivered: mine" in said.out and "theirs" not in said.out
    assert f"{theirs} may be read by the user alone who recorded it" in said.err
    assert journals(store) == [theirs]


def test_a_place_where_no_journal_can_be_looked_for_is_named(tmp_path):
    (tmp_path / "journal").write_text("a file")
    with pytest.raises(UserError, match=r"cannot look for journals in .*journal: Not a directory"):
        sync.sync(tmp_path)
