import subprocess
import sys

import pytest
from mlflow import MlflowClient

from fer_exp.errors import UserError
from fer_exp.tracking import Recorder, check_run_id, open_place, sweep_runs


@pytest.fixture
def place(tmp_path):
    return open_place(f"sqlite:///{tmp_path}/store/mlflow.db", "faces")


def test_artifacts_and_state_stand_beside_the_database(place, tmp_path):
    experiment = place.client.get_experiment(place.experiment_id)
    assert experiment.artifact_location == (tmp_path / "store" / "artifacts" / "faces").as_uri()
    assert place.state == tmp_path / "store" / "state"


def test_opening_again_finds_the_same_experiment(place, tmp_path):
    assert open_place(place.uri, "faces") == place


def test_the_environment_says_where_if_the_configuration_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")
    assert open_place(None, "faces").uri == f"sqlite:///{tmp_path}/other.db"


@pytest.mark.parametrize("uri", ["file:./mlruns", "mlruns", "sqlite:////proc/nowhere/mlflow.db"])
def test_a_place_that_cannot_hold_runs_is_named(uri):
    with pytest.raises(UserError, match=r"tracking\.uri="):
        open_place(uri, "faces")


def test_the_same_metric_point_sent_twice_is_stored_once(place):
    with Recorder.new(place, "r", {}) as run:
        run.metrics({"loss": 0.5}, 1)
    first = place.client.get_metric_history(run.id, "loss")
    place.client.log_batch(run.id, metrics=first)
    assert len(place.client.get_metric_history(run.id, "loss")) == 1


def test_epochs_are_steps_and_test_metrics_have_none(place):
    with Recorder.new(place, "r", {}) as run:
        run.metrics({"val_loss": 0.5}, 3)
        run.metrics({"best/normal": 0.7})
    assert [m.step for m in place.client.get_metric_history(run.id, "val_loss")] == [3]
    assert [m.step for m in place.client.get_metric_history(run.id, "best/normal")] == [0]


def test_long_and_many_parameters_are_kept_up_to_mlflows_limits(place):
    with Recorder.new(place, "r", {}) as run:
        run.parameters({f"key{i}": "x" * 7000 for i in range(150)})
    params = place.client.get_run(run.id).data.params
    assert len(params) == 150
    assert len(params["key0"]) == 6000


def test_the_first_end_counts(place):
    run = Recorder.new(place, "r", {})
    run.end("KILLED")
    run.end("FINISHED")
    assert place.client.get_run(run.id).info.status == "KILLED"


def test_only_the_training_runs_of_a_sweep_are_its_runs(place):
    kept = [Recorder.new(place, f"r{i}", {"sweep_id": "s-1", "kind": "run"}).id for i in range(2)]
    Recorder.new(place, "summary", {"sweep_id": "s-1", "kind": "summary"})
    Recorder.new(place, "other", {"sweep_id": "s-2", "kind": "run"})
    assert [run.info.run_id for run in sweep_runs(place, "s-1")] == kept


@pytest.mark.parametrize("bad", ["12e45678", "../" + "a" * 29, "A" * 32, ""])
def test_what_is_no_run_id_never_becomes_a_path(bad):
    with pytest.raises(UserError, match="32 characters"):
        check_run_id(bad)


def test_processes_that_meet_a_fresh_database_at_once_all_get_the_one_experiment(tmp_path):
    code = (
        "from fer_exp.tracking import Recorder, open_place\n"
        f"place = open_place('sqlite:///{tmp_path}/fresh/mlflow.db', 'faces')\n"
        "print(Recorder.new(place, 'r', {}).id, place.experiment_id)"
    )
    jobs = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    done = [job.communicate(timeout=120) for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0, 0], done
    assert len({out.split()[1] for out, _ in done}) == 1
    client = MlflowClient(f"sqlite:///{tmp_path}/fresh/mlflow.db")
    assert len(client.search_runs([done[0][0].split()[1]])) == 3
