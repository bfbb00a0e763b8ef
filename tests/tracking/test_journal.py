"""What is recorded lies on disk first, and reaches the server once, in order, whoever delivers it."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from runs import Recorded

from fer_exp import figures, sync
from fer_exp.errors import UserError
from fer_exp.tracking import Journal, Recorder, deliver, deliver_left, open_place
from fer_exp.tracking.delivery import Courier, Delivery


@pytest.fixture
def place(tmp_path):
    return open_place(f"sqlite:///{tmp_path}/mlflow.db", "faces")


@pytest.fixture
def away(monkeypatch):
    """away(): from now on the thread delivers nothing, as if the server hung."""

    def go():
        monkeypatch.setattr(Courier, "_work", lambda courier: None)
        monkeypatch.setattr(Courier, "flush", lambda courier, patience=None: False)

    return go


def everything(run):
    """One record of each kind."""
    run.parameters({f"key{i}": i for i in range(150)})
    run.tags({"a": "first"})
    run.dataset("faces-test", "d" * 40, "somewhere", {"pictures": 3}, "test")
    for epoch in (1, 2, 3):
        run.metrics({"loss": 1 / epoch, "nothing": float("nan"), "all": float("inf")}, epoch)
    run.text("some text", "notes/text.txt")
    run.table(pd.DataFrame({"class": ["happy"], "n": [3]}), "data/table.json")
    run.frame(pd.DataFrame({"x": [1.5]}), "predictions/best.parquet")
    run.figure(figures.matrix(["a"], ["b"], np.array([[0.5]]), [["n"]], "t"), "matrix.png")
    run.model("best", 2, {"data": "normal"}, {"best/normal": 0.75, "best/mixed": 0.5}, "f" * 64)
    run.tags({"a": "last"})


def snapshot(place, run_id):
    """All that the pages can show of a run, in comparable form."""
    client = place.client
    found = client.get_run(run_id)
    points = [p for key in found.data.metrics for p in client.get_metric_history(run_id, key)]
    models = client.search_logged_models([place.experiment_id], f"source_run_id = '{run_id}'")
    return {
        "runs": len(client.search_runs([place.experiment_id])),
        "params": found.data.params,
        "tags": found.data.tags,
        "points": sorted((p.key, str(p.value), p.timestamp, p.step) for p in points),
        "inputs": sorted(str(i.dataset.to_dictionary()) for i in found.inputs.dataset_inputs),
        "outputs": [(o.model_id, o.step) for o in found.outputs.model_outputs],
        "models": [(m.model_id, m.name, str(m.status), len(m.metrics)) for m in models],
        "files": sorted((f.path, f.file_size) for f in client.list_artifacts(run_id, "data")),
        "end": (found.info.status, found.info.start_time, found.info.end_time),
    }


def journals(place):
    return sorted(place.journal.glob("[!.]*"))


def test_what_is_recorded_is_stored_and_leaves_nothing_behind(place, monkeypatch, tmp_path):
    recorded = Recorded(monkeypatch)
    with Recorder.new(place, "r", {"kind": "run"}) as run:
        everything(run)
    recorded.is_what_is_stored(place.uri, run.id)
    client = place.client
    found = client.get_run(run.id)
    assert json.loads(found.data.tags["mlflow.loggedArtifacts"]) == [{"path": "data/table.json", "type": "table"}]
    file = client.download_artifacts(run.id, "data/table.json", str(tmp_path))
    assert pd.read_json(file, orient="split")["n"].tolist() == [3]
    assert not journals(place)


def test_sent_a_second_time_everything_is_there_once(place, away):
    away()
    with Recorder.new(place, "r", {"kind": "run"}) as run:
        everything(run)
    (folder,) = journals(place)
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    assert sync.sync(place.home) == 0  # both: the copy is what a crash before the last note would leave
    first = snapshot(place, run.id)
    assert first["runs"] == 1 and len(first["points"]) == 3 * 3 + 2 and first["end"][0] == "FINISHED"
    again = next(iter(journals(place)), None)
    assert again is None
    shutil.rmtree(copy, ignore_errors=True)


@pytest.mark.parametrize("stop", range(11))
def test_ended_between_sending_and_noting_it_sends_again_and_changes_nothing(place, away, monkeypatch, stop):
    away()
    with Recorder.new(place, "r", {"kind": "run"}) as run:
        everything(run)
    real, calls = Journal.advance, []

    def broken(journal, entries, run_id):
        calls.append(1)
        if len(calls) == stop + 1:
            raise KeyboardInterrupt
        real(journal, entries, run_id)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "advance", broken)
        with pytest.raises(KeyboardInterrupt):
            deliver_left(place)
    before = snapshot(place, run.id)
    deliver_left(place)
    found = snapshot(place, run.id)
    assert len(found["points"]) == 3 * 3 + 2 and len(found["models"]) == len(found["outputs"]) == 1
    assert found["end"][0] == "FINISHED" and found["tags"]["a"] == "last" and found["runs"] == 1
    if stop == 10:  # all had been sent
        assert before == found
    assert not journals(place)


def test_a_killed_process_leaves_what_it_recorded_for_the_next(place, tmp_path):
    code = (
        "import os, signal\n"
        "from fer_exp.tracking import Recorder, open_place\n"
        "from fer_exp.tracking.delivery import Courier\n"
        "Courier._work = lambda courier: None\n"
        f"run = Recorder.new(open_place('{place.uri}', 'faces'), 'r', {{'kind': 'run'}})\n"
        "for step in range(1, 101): run.metrics({'loss': 1 / step}, step)\n"
        "print(run.id, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    with (journals(place)[0] / "entries.jsonl").open("a") as file:
        file.write('{"op": "metrics", "points": [["loss", 0.0')  # killed in the midst of a line
    assert deliver_left(place) == 100
    assert len(place.client.get_metric_history(done.stdout.strip(), "loss")) == 100
    assert not journals(place)


def test_a_journal_that_is_being_written_is_left_alone(place, away, capsys):
    away()
    run = Recorder.new(place, "r", {"kind": "run"})
    run.metrics({"loss": 0.5}, 1)
    code = f"from fer_exp.sync import *; sys.exit(sync(Path({str(place.home)!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "nothing is left to deliver\n")
    assert len(journals(place)) == 1
    run.close()
    assert sync.sync(place.home) == 0
    assert f"delivered: r ({run.id}), 1 records" in capsys.readouterr().out


def test_what_the_server_will_never_take_is_put_aside_and_does_not_hold_up_the_rest(place, caplog, capsys):
    with Recorder.new(place, "r", {"kind": "run"}) as run:
        run.parameters({"seed": 0})
        run.parameters({"seed": 1})  # parameters never change
        run.metrics({"loss": 0.5}, 1)
    found = place.client.get_run(run.id)
    assert (found.data.params["seed"], found.data.metrics["loss"], found.info.status) == ("0", 0.5, "FINISHED")
    assert "refuses what it was sent" in caplog.text and "Changing param values is not allowed" in caplog.text
    (folder,) = journals(place)
    assert json.loads((folder / "refused.jsonl").read_text())["values"] == {"seed": "1"}
    assert sync.sync(place.home) == 1
    assert "1 were refused" in capsys.readouterr().err


def test_an_error_of_ours_in_the_thread_is_raised_and_loses_nothing(place, monkeypatch):
    def broken(delivery, run_id, entry):
        raise ZeroDivisionError

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Delivery, "_metrics", broken)
        with Recorder.new(place, "r", {"kind": "run"}) as run:
            run.metrics({"loss": 0.5}, 1)
    assert deliver_left(place) == 2
    assert place.client.get_run(run.id).data.metrics == {"loss": 0.5}


def test_a_server_that_has_moved_is_given_what_was_meant_for_the_old_address(place, tmp_path, away, capsys):
    away()
    with Recorder(place._replace(uri="http://127.0.0.1:9", experiment_id=None), "r", tags={"sweep_id": "s-7"}) as run:
        run.metrics({"loss": 0.5}, 1)
    assert sync.sync(place.home, to=place.uri) == 0
    assert "python evaluate.py sweep=s-7" in capsys.readouterr().out
    (found,) = place.client.search_runs([place.experiment_id])
    assert (found.data.tags["journal"], found.info.status) == (run.id, "FINISHED")


def test_a_full_disk_is_said_and_leaves_what_was_recorded_before(place, monkeypatch):
    run = Recorder.new(place, "r", {"kind": "run"})

    def full(path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space left on device; what was recorded before is kept"):
        run._written("a.txt", full)
    run.metrics({"loss": 0.5}, 1)
    run.end("FAILED")
    assert place.client.get_run(run.id).data.metrics == {"loss": 0.5}
    assert not place.client.list_artifacts(run.id)


def test_an_entry_never_names_a_file_outside_its_journal(place, tmp_path, away):
    away()
    run = Recorder.new(place, "r", {"kind": "run"})
    (tmp_path / "secret").write_text("secret")
    run._append("artifact", file="../../secret", folder=None, table=False)
    run.close()
    with pytest.raises(ValueError, match="leaves the journal"):
        deliver(next(Journal.left(place.journal)))


def test_the_journal_is_for_its_user_alone(place, away):
    away()
    Recorder.new(place, "r", {"kind": "run"})
    assert os.stat(journals(place)[0]).st_mode & 0o077 == 0


def test_sync_says_what_it_needs(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sync", "--home", str(tmp_path / "nowhere")])
    assert sync.main() == 2
    assert "no such folder" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["sync", "--home", str(tmp_path)])
    assert sync.main() == 0
