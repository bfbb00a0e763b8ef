"""What is recorded lies on disk first, and reaches the server once, in order, whoever delivers it."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from runs import Recorded, files

from fer_exp.commands import sync
from fer_exp.errors import UserError
from fer_exp.reports import figures
from fer_exp.system import atomic as whole
from fer_exp.tracking import Recorder, Unanswered, deliver_left, is_behind, open_place
from fer_exp.tracking.delivery import Delivery
from fer_exp.tracking.journal import Journal
from fer_exp.tracking.sender import Courier


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
        "files": sorted(files(client, run_id)),
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


def later(place):
    """The same place, whose server does not answer yet."""
    return place._replace(experiment_id=None)


@pytest.mark.parametrize("stop", range(12))  # the run itself, its records (three metrics at once), its end
def test_ended_between_sending_and_noting_it_sends_again_and_changes_nothing(place, away, monkeypatch, stop):
    away()
    with Recorder.new(later(place), "r", {"kind": "run"}) as run:
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
    deliver_left(place)
    (found,) = place.client.search_runs([place.experiment_id])
    found = snapshot(place, found.info.run_id)
    assert len(found["points"]) == 3 * 3 + 2 and len(found["models"]) == len(found["outputs"]) == 1
    assert len(found["params"]) == 150 and len(found["inputs"]) == 1
    assert json.loads(found["tags"]["mlflow.loggedArtifacts"]) == [{"path": "data/table.json", "type": "table"}]
    assert found["files"] == ["data/table.json", "matrix.png", "notes/text.txt", "predictions/best.parquet"]
    assert found["end"][0] == "FINISHED" and found["tags"]["a"] == "last"
    assert found["tags"]["journal"] == run.id
    assert not journals(place)


@pytest.mark.parametrize("note", ["", "{}", '{"position": "x"}', None])
def test_a_damaged_note_of_what_is_delivered_sends_all_again_and_changes_nothing(place, away, monkeypatch, note):
    away()
    with Recorder.new(later(place), "r", {"kind": "run"}) as run:
        everything(run)
    (folder,) = journals(place)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Delivery, "_end", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        deliver_left(place)  # its files are gone from the journal
    (found,) = place.client.search_runs([place.experiment_id])
    before = snapshot(place, found.info.run_id)
    (folder / "delivered.json").unlink()
    if note is not None:
        (folder / "delivered.json").write_text(note)
    deliver_left(place)
    after = snapshot(place, found.info.run_id)
    assert after["end"][0] == "FINISHED"
    assert after | {"end": 0} == before | {"end": 0}
    assert not journals(place) and run.name == "r"


def test_a_disk_that_is_full_when_delivery_is_noted_only_delays_it(place, monkeypatch):
    real, calls = whole.write, []

    def full(path, data):
        calls.append(1)
        if len(calls) == 1:
            raise OSError(28, "No space left on device")
        real(path, data)

    run = Recorder.new(place, "r", {"kind": "run"})
    monkeypatch.setattr(whole, "write", full)
    run.metrics({"loss": 0.5}, 1)
    run.end("FINISHED")
    assert len(calls) > 2 and not journals(place)
    assert len(place.client.get_metric_history(run.id, "loss")) == 1


@pytest.mark.parametrize("room", [0, 1, 20, 60])
def test_a_record_that_did_not_fit_leaves_no_half_for_the_next(place, away, room):
    away()
    run = Recorder.new(place, "r", {"kind": "run"})
    size = (run.journal.folder / "entries.jsonl").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, limits[1]))
        with pytest.raises(UserError, match=r"File too large.*Make room"):
            run.metrics({"loss": 0.5}, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    run.metrics({"loss": 0.25}, 1)
    run.end("FAILED")
    assert deliver_left(place) == 2
    found = place.client.get_run(run.id)
    assert (found.data.metrics, found.info.status) == ({"loss": 0.25}, "FAILED")


@pytest.mark.parametrize("line", [b"\0\0\n", b"\xff\n", b"[]\n", b'{"op": "dance"}\n', b'{"op": "metrics"}\n', b"\n"])
def test_a_line_that_says_nothing_is_put_aside(place, away, line, caplog):
    away()
    run = Recorder.new(place, "r", {"kind": "run"})
    with (run.journal.folder / "entries.jsonl").open("ab") as file:
        file.write(line)
    run.metrics({"loss": 0.5}, 1)
    run.end("FINISHED")
    assert deliver_left(place) == 3
    found = place.client.get_run(run.id)
    assert (found.data.metrics, found.info.status) == ({"loss": 0.5}, "FINISHED")
    assert "refuses what it was sent" in caplog.text


def test_a_journal_that_cannot_be_delivered_does_not_hold_up_others(place, away, caplog, capsys):
    away()
    for name in ("damaged", "deleted", "unknown", "good"):
        with Recorder.new(place, name, {"kind": "run"}) as run:
            run.metrics({"loss": 0.5}, 1)
        (folder,) = [f for f in journals(place) if f.name == run.journal.id]
        content = (folder / "entries.jsonl").read_text()
        if name == "damaged":
            (folder / "entries.jsonl").write_text("\0" + content)
        elif name == "deleted":
            other = open_place(place.uri, "other")
            place.client.delete_experiment(other.experiment_id)
            (folder / "entries.jsonl").write_text(content.replace('"faces"', '"other"'))
            (folder / "delivered.json").unlink()
        elif name == "unknown":
            (folder / "delivered.json").write_text(json.dumps({"position": 10, "run_id": "a" * 32}))
    assert deliver_left(place) == 2
    assert caplog.text.count("not delivered, and kept") == 3
    assert place.client.get_run(run.id).info.status == "FINISHED"
    assert len(journals(place)) == 3
    assert sync.sync(place.home) == 1
    said = capsys.readouterr().err
    assert "its first line is damaged" in said and "was deleted" in said and f"Run with id={'a' * 32} not found" in said


def test_a_server_that_does_not_know_the_run_refuses_nothing_for_ever(place, away, tmp_path, capsys):
    away()
    with Recorder.new(place, "r", {"kind": "run"}) as run:
        run.metrics({"loss": 0.5}, 1)
    assert sync.sync(place.home, to=f"sqlite:///{tmp_path}/wrong/mlflow.db") == 1
    assert sync.sync(place.home) == 0
    assert place.client.get_run(run.id).data.metrics == {"loss": 0.5}


def test_what_is_no_journal_is_left_alone(place):
    kept = place.journal / "aside" / "notes.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    assert deliver_left(place) == 0
    assert sync.sync(place.home) == 0
    assert kept.read_text() == "mine"


def test_what_a_killed_process_was_making_or_removing_goes_after_an_hour(place):
    for name, age in (("old", 4000), ("new", 100)):
        file = place.journal / f"{whole.PART}{name}" / "files" / "a"
        file.parent.mkdir(parents=True)
        file.write_text("a")
        os.utime(file.parents[1], (time.time() - age,) * 2)
    assert deliver_left(place) == 0
    assert [folder.name for folder in place.journal.iterdir()] == [f"{whole.PART}new"]


def test_journals_of_one_run_are_delivered_in_the_order_in_which_they_began(place, away):
    away()
    first = Recorder.new(place, "r", {"kind": "run"})
    first.tags({"said": "first"})
    first.end("KILLED")
    found = place.client.get_run(first.id)
    for word in ("second", "third"):
        with Recorder.beside(place, found) as run:
            run.tags({"said": word})
    deliver_left(place)
    assert place.client.get_run(first.id).data.tags["said"] == "third"


def test_a_run_goes_on_only_when_nobody_else_has_records_of_it(place, away, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Courier, "_work", lambda courier: None)
        patch.setattr(Courier, "flush", lambda courier, patience=None: False)
        with pytest.raises(KeyboardInterrupt), Recorder.new(place, "r", {"kind": "run"}) as run:
            run.metrics({"loss": 0.5}, 1)
            raise KeyboardInterrupt
    monkeypatch.setattr("fer_exp.tracking.recovery.DONE_WITH", 0.2)
    (folder,) = journals(place)
    found = place.client.get_run(run.id)
    with FileLock(folder / ".lock"):  # another process delivers it
        assert is_behind(place, found)
        with pytest.raises(UserError, match="another process writes or delivers it"):
            Recorder.resumed(place, found, {})
    (place.home / "alias").symlink_to(place.home)  # the same database by another name
    alias = place._replace(uri=f"sqlite:///{place.home}/alias/mlflow.db")
    with Recorder.resumed(alias, found, {}) as again:
        again.metrics({"loss": 0.7}, 1)  # has it already
        again.metrics({"loss": 0.6}, 2)
    history = place.client.get_metric_history(run.id, "loss")
    assert [(p.step, p.value) for p in history] == [(1, 0.5), (2, 0.6)]
    assert place.client.get_run(run.id).info.status == "FINISHED"


def test_one_bad_metric_takes_no_other_with_it(place, away):
    away()
    with Recorder.new(place, "r", {"kind": "run"}) as run:
        for step in range(1, 6):
            run.metrics({"loss": 1 / step}, step)
        run.metrics({"bad[name]": 1.0}, 6)
        run.metrics({"loss": 0.0}, 7)
    deliver_left(place)
    assert [p.step for p in place.client.get_metric_history(run.id, "loss")] == [1, 2, 3, 4, 5, 7]
    assert json.loads((journals(place)[0] / "refused.jsonl").read_text())["op"] == "metrics"


def test_an_interrupt_between_a_record_and_its_notice_delays_nothing(place, monkeypatch):
    run = Recorder.new(place, "r", {"kind": "run"})
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Courier, "notify", lambda courier: (_ for _ in ()).throw(KeyboardInterrupt))
        run.metrics({"loss": 0.5}, 1)
    run.end("KILLED")
    found = place.client.get_run(run.id)
    assert (found.data.metrics, found.info.status) == ({"loss": 0.5}, "KILLED")
    assert not journals(place)


def test_a_tag_never_names_a_folder(place):
    run = place.client.create_run(place.experiment_id, tags={"journal": str(place.home)})
    with pytest.raises(UserError, match="32 characters"):
        place.state_of(run)


def test_passwords_are_not_said(monkeypatch, caplog):
    monkeypatch.setattr("fer_exp.tracking.store.WAIT", 0)
    with pytest.raises(Unanswered) as caught:
        open_place("http://anna:secret@127.0.0.1:9", "faces")
    assert "secret" not in str(caught.value) and "anna:***@127.0.0.1" in str(caught.value)


def test_a_killed_process_leaves_what_it_recorded_for_the_next(place, tmp_path):
    code = (
        "import os, signal\n"
        "from fer_exp.tracking import Recorder, open_place\n"
        "from fer_exp.tracking.sender import Courier\n"
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
    code = f"from fer_exp.commands.sync import *; sys.exit(sync(Path({str(place.home)!r})))"
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
    assert sync.sync(place.home) == 0  # it was said before
    assert "1 records were refused" in capsys.readouterr().err


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
    assert deliver_left(place) == 1
    assert "leaves the journal" in (journals(place)[0] / "refused.jsonl").read_text()
    assert not place.client.list_artifacts(run.id)


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
