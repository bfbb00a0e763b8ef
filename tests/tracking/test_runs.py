import subprocess
import sys

import psutil
import pytest
from interrupted import database

from fer_exp.errors import UserError
from fer_exp.tracking import Recorder, close_abandoned, load_config, open_store, provenance, sweep_runs


def test_only_the_training_runs_of_a_sweep_are_its_runs(store):
    kept = [Recorder.new(store, f"r{i}", {"sweep_id": "s-1", "kind": "run"}).id for i in range(2)]
    Recorder.new(store, "summary", {"sweep_id": "s-1", "kind": "summary"})
    Recorder.new(store, "other", {"sweep_id": "s-2", "kind": "run"})
    assert [run.info.run_id for run in sweep_runs(store, "s-1")] == kept


def test_a_run_that_a_process_left_is_closed_and_others_are_not(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    store = open_store(database(tmp_path), "fer-exp")
    mine = provenance.machine()
    tags = {
        "left": mine | {"pid": str(gone.pid)},
        "number used again": mine | {"process.began": "1.0", "process.start": "boot/1"},
        "number used again, as old runs say it": mine | {"process.began": "1.0", "process.start": ""},
        "alive": mine,
        "elsewhere": mine | {"host": "another", "pid": str(gone.pid)},
    }
    made = {name: Recorder.new(store, name, {"kind": "run"} | about).id for name, about in tags.items()}
    assert {run.info.run_name for run in close_abandoned(store)} == made.keys() - {"alive", "elsewhere"}
    status = {name: store.client.get_run(run_id).info.status for name, run_id in made.items()}
    assert status == dict.fromkeys(made, "KILLED") | {"alive": "RUNNING", "elsewhere": "RUNNING"}


@pytest.mark.skipif(not provenance.process()["process.start"], reason="needs /proc")
@pytest.mark.parametrize("seconds", [-86400, -3600, 3600])
def test_a_clock_that_is_set_makes_no_living_process_a_dead_one(monkeypatch, seconds):
    tags = provenance.machine()
    real = psutil.Process.create_time
    # the system counts ticks since the boot, and takes the time of the boot from the clock
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: real(process) + seconds)
    assert provenance.is_alive(tags) is True


@pytest.mark.parametrize("content", [b"{ : [", b"- 1", b"", b"\xff\xfe\xfa", b"a: &a [*a, *b]"])
def test_a_damaged_configuration_is_named(store, content):
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        run.log_bytes(content, "config.yaml")
    with pytest.raises(UserError, match=rf"the config\.yaml of r \({run.id}\)"):
        load_config(store, store.client.get_run(run.id))
