import subprocess
import sys
from shlex import split

import pytest
from mlflow import MlflowClient
from servers import free_port

from fer_exp.errors import UserError
from fer_exp.tracking import check_run_id, open_store, ui_port


@pytest.fixture
def store(tmp_path):
    return open_store(f"sqlite:///{tmp_path}/store/mlflow.db", "faces")


def test_artifacts_and_state_stand_beside_the_database(store, tmp_path):
    experiment = store.client.get_experiment(store.experiment_id)
    assert experiment.artifact_location == (tmp_path / "store" / "artifacts" / "faces").as_uri()
    assert store.state == tmp_path / "store" / "state"


def test_opening_again_finds_the_same_experiment(store, tmp_path):
    assert open_store(store.uri, "faces") == store


def test_the_environment_says_where_if_the_configuration_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")
    assert open_store(None, "faces").uri == f"sqlite:///{tmp_path}/other.db"


@pytest.mark.parametrize("uri", ["file:./mlruns", "mlruns", "sqlite:////proc/nowhere/mlflow.db"])
def test_a_store_that_cannot_hold_runs_is_named(uri):
    with pytest.raises(UserError, match=r"tracking\.uri="):
        open_store(uri, "faces")


def test_a_folder_whose_lock_cannot_be_made_is_named(tmp_path):
    (tmp_path / "store" / "mlflow.db.lock").mkdir(parents=True)  # what keeps root from writing there too
    with pytest.raises(UserError, match=r"tracking\.uri=.*cannot write .*mlflow\.db\.lock: .*choose another database"):
        open_store(f"sqlite:///{tmp_path}/store/mlflow.db", "faces")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+pg8000", "mysql+pymysql", "mssql+pyodbc"])
def test_a_database_server_is_not_used_directly(scheme):
    with pytest.raises(UserError, match=r"mlflow server --backend-store-uri .*\*\*\*@host/db") as caught:
        open_store(f"{scheme}://anna:hush@host/db", "faces", must_answer=False)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("bad", ["12e45678", "../" + "a" * 29, "A" * 32, ""])
def test_what_is_no_run_id_never_becomes_a_path(bad):
    with pytest.raises(UserError, match="32 characters"):
        check_run_id(bad)


@pytest.mark.slow
def test_processes_that_meet_a_fresh_database_at_once_all_get_the_one_experiment(tmp_path):
    code = (
        "from fer_exp.tracking import Recorder, open_store\n"
        f"store = open_store('sqlite:///{tmp_path}/fresh/mlflow.db', 'faces')\n"
        "print(Recorder.new(store, 'r', {}).id, store.experiment_id)"
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


def test_a_tag_never_names_a_folder(store):
    run = store.client.create_run(store.experiment_id, tags={"journal": str(store.home)})
    with pytest.raises(UserError, match="32 characters"):
        store.state_of(run)


def test_a_store_that_must_answer_says_that_it_does_not(monkeypatch):
    monkeypatch.setattr("fer_exp.tracking.store.WAIT", 0)
    from fer_exp.tracking import ServerUnavailable

    with pytest.raises(ServerUnavailable, match=r"tracking\.uri=http://127\.0\.0\.1:\d+ does not answer"):
        open_store(f"http://127.0.0.1:{free_port()}", "faces")


@pytest.mark.parametrize("given, port", [(None, 5000), ("6001", 6001), ("", 5000), ("x", 5000), ("99999", 5000)])
def test_addresses_have_the_port_that_make_ui_serves_on(store, monkeypatch, given, port):
    monkeypatch.delenv("PORT", raising=False)
    if given is not None:
        monkeypatch.setenv("PORT", given)
    assert ui_port() == port
    assert store.url().startswith(f"http://127.0.0.1:{port}/")
    assert store.ui_command().endswith(f"--port {port}")


def test_a_store_elsewhere_is_served_by_the_same_small_server(store, tmp_path):
    store = store._replace(uri=f"sqlite:///{tmp_path}/two words/mlflow.db")
    words = split(store.ui_command())
    assert words[:4] == ["python", "-m", "fer_exp", "ui"]
    assert words[4:8] == ["--uri", store.uri, "--experiment", "faces"]
