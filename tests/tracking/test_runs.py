import subprocess
import sys

from interrupted import database

from fer_exp.tracking import Recorder, close_abandoned, open_store, provenance, sweep_runs


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
        "number used again": mine | {"process.began": "1.0"},
        "alive": mine,
        "elsewhere": mine | {"host": "another", "pid": str(gone.pid)},
    }
    made = {name: Recorder.new(store, name, {"kind": "run"} | about).id for name, about in tags.items()}
    assert {run.info.run_name for run in close_abandoned(store)} == {"left", "number used again"}
    status = {name: store.client.get_run(run_id).info.status for name, run_id in made.items()}
    assert status == {"left": "KILLED", "number used again": "KILLED", "alive": "RUNNING", "elsewhere": "RUNNING"}
