import json
import os
import signal
import subprocess
import sys
import time

from records import journals

from fer_exp.commands import sync
from fer_exp.system import atomic
from fer_exp.tracking import Recorder, deliver_abandoned, open_store
from fer_exp.tracking.entries import decode, encode


def test_a_journal_that_cannot_be_delivered_does_not_hold_up_others(store, away, caplog, capsys):
    away()
    for name in ("damaged", "deleted", "unknown", "good"):
        with Recorder.new(store, name, {"kind": "run"}) as run:
            run.log_metrics({"loss": 0.5}, 1)
        (folder,) = [f for f in journals(store) if f.name == run.journal.id]
        content = (folder / "entries.jsonl").read_bytes()
        if name == "damaged":
            (folder / "entries.jsonl").write_bytes(b"\0" + content)
        elif name == "deleted":
            other = open_store(store.uri, "other")
            store.client.delete_experiment(other.experiment_id)
            first, rest = content.split(b"\n", 1)
            (folder / "entries.jsonl").write_bytes(encode(decode(first) | {"experiment": "other"}) + rest)
            (folder / "delivered.json").unlink()
        elif name == "unknown":
            (folder / "delivered.json").write_text(json.dumps({"position": 10, "run_id": "a" * 32}))
    assert deliver_abandoned(store) == 2
    assert caplog.text.count("not delivered, and kept") == 3
    assert store.client.get_run(run.id).info.status == "FINISHED"
    assert len(journals(store)) == 3
    assert sync.sync(store.home) == 1
    said = capsys.readouterr().err
    assert "its first line is damaged" in said and "was deleted" in said and f"Run with id={'a' * 32} not found" in said


def test_what_is_no_journal_is_left_alone(store):
    kept = store.journal / "aside" / "notes.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    assert deliver_abandoned(store) == 0
    assert sync.sync(store.home) == 0
    assert kept.read_text() == "mine"


def test_what_a_killed_process_was_making_or_removing_goes_after_an_hour(store):
    for name, age in (("old", 4000), ("new", 100)):
        file = store.journal / f"{atomic.PART}{name}" / "files" / "a"
        file.parent.mkdir(parents=True)
        file.write_text("a")
        os.utime(file.parents[1], (time.time() - age,) * 2)
    assert deliver_abandoned(store) == 0
    assert [folder.name for folder in store.journal.iterdir()] == [f"{atomic.PART}new"]


def test_journals_of_one_run_are_delivered_in_the_order_in_which_they_began(store, away):
    away()
    first = Recorder.new(store, "r", {"kind": "run"})
    first.set_tags({"said": "first"})
    first.end("KILLED")
    found = store.client.get_run(first.id)
    for word in ("second", "third"):
        with Recorder.for_finished(store, found) as run:
            run.set_tags({"said": word})
    deliver_abandoned(store)
    assert store.client.get_run(first.id).data.tags["said"] == "third"


def test_a_killed_process_leaves_what_it_recorded_for_the_next(store, tmp_path):
    code = (
        "import os, signal\n"
        "from fer_exp.tracking import Recorder, open_store\n"
        "from fer_exp.tracking.sender import Sender\n"
        "Sender._work = lambda sender: None\n"
        f"run = Recorder.new(open_store('{store.uri}', 'faces'), 'r', {{'kind': 'run'}})\n"
        "for step in range(1, 101): run.log_metrics({'loss': 1 / step}, step)\n"
        "print(run.id, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    with (journals(store)[0] / "entries.jsonl").open("a") as file:
        file.write('{"op": "metrics", "points": [["loss", 0.0')  # killed in the midst of a line
    assert deliver_abandoned(store) == 100
    assert len(store.client.get_metric_history(done.stdout.strip(), "loss")) == 100
    assert not journals(store)
