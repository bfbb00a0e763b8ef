import signal
import subprocess
import sys

import psutil
import pytest

from fer_exp.commands import ui
from fer_exp.tracking import view

PROGRAM = """
import subprocess, sys
from fer_exp.commands import ui
sys.exit(ui.serve([sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"], {}))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_with_the_command(number):
    command = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    server = psutil.Process(int(command.stdout.readline()))
    command.send_signal(number)  # to this process alone
    assert (command.wait(30), command.stderr.read()) == (0, b"")
    assert not psutil.pid_exists(server.pid)


@pytest.fixture
def served(monkeypatch):
    """What the verb would run: (command, environment)."""
    run = []
    monkeypatch.setattr(ui, "serve", lambda words, environment: run.append((words, environment)))
    return run


def test_it_runs_one_worker_without_jobs_on_this_machine_alone(store, served, capsys):
    store.client.set_experiment_tag(store.experiment_id, view.TAG, "{}")
    ui.main(["--uri", store.uri, "--experiment", store.experiment, "--port", "5050"])
    [(words, environment)] = served
    assert words[words.index("--host") :] == ["--host", "127.0.0.1", "--port", "5050"]
    assert environment["MLFLOW_WORKERS"] == "1"
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert f"http://127.0.0.1:5050/#/experiments/{store.experiment_id}/runs" in capsys.readouterr().out
    assert store.client.get_experiment(store.experiment_id).tags[view.TAG] == view.state()


def test_the_environment_may_ask_for_more(monkeypatch):
    monkeypatch.setenv("MLFLOW_WORKERS", "3")
    assert ui.environment()["MLFLOW_WORKERS"] == "3"


def test_a_store_that_cannot_be_opened_serves_nothing(served, capsys):
    assert ui.main(["--uri", "file:./mlruns"]) == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert not served
