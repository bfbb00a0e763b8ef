"""A tracking server that is slow, restarting, broken or gone stops nothing, and gets everything once."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import pytest
from mlflow import MlflowClient
from runs import Recorded, command, train
from servers import Postgres, Server, behind_faults

from fer_exp.commands import sync
from fer_exp.tracking import Recorder, open_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """The journal of runs that a server keeps is beside the test's files."""
    monkeypatch.setattr("fer_exp.tracking.store.ROOT", tmp_path)
    return tmp_path / "mlruns"


@pytest.fixture
def postgres():
    found = Postgres()
    if found.bin is None:
        found.remove()
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    yield found.create()
    found.remove()


@pytest.fixture
def server(request, tmp_path, migrated):
    """Over the empty database of the test, or over PostgreSQL where the test asks for it."""
    if "postgres" in request.fixturenames:
        backend = request.getfixturevalue("postgres").uri
    else:
        backend = f"sqlite:///{tmp_path}/mlflow.db"
    found = Server.over(backend, tmp_path / "artifacts").start()
    yield found
    found.kill()


def only(uri):
    client = MlflowClient(uri)
    (found,) = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    return found.info.run_id


def delivered(home):
    return not list((home / "journal").glob("*"))


def test_ten_kills_of_the_server_during_one_run_leave_no_gap_and_no_double(
    postgres, server, module_folder, tmp_path, home, monkeypatch
):
    recorded, draw, over, kills = Recorded(monkeypatch), random.Random(0), Event(), []

    def killer():
        while not over.is_set() and len(kills) < 10:
            time.sleep(draw.uniform(0.05, 1.5))
            server.kill()
            kills.append(len(recorded.points))
            time.sleep(draw.uniform(0, 1))
            server.start()

    thread = Thread(target=killer)
    words = [*command(module_folder, server.uri), "epochs=300", "early_stopping.patience=null"]
    thread.start()
    try:
        run_id = train([*words, "checkpoints.keep=best_and_last"])
    finally:
        over.set()
        thread.join()
    assert len(kills) == 10
    assert len(set(kills)) > 5  # in the midst of it
    if not delivered(home):
        assert sync.sync(home) == 0
    assert only(server.uri) == run_id
    recorded.is_what_is_stored(server.uri, run_id)
    assert delivered(home)


def test_a_server_that_goes_for_good_stops_nothing_and_gets_all_later(
    server, module_folder, tmp_path, home, monkeypatch, capsys, caplog
):
    recorded = Recorded(monkeypatch)
    monkeypatch.setattr("fer_exp.tracking.sender.PATIENCE", 1)
    real = Recorder.log_metrics

    def metrics(run, values, step=0, at=None):
        if step == 2:
            server.kill()
        real(run, values, step, at)

    monkeypatch.setattr(Recorder, "log_metrics", metrics)
    run_id = train(command(module_folder, server.uri))
    assert "python -m fer_exp sync" in caplog.text
    assert recorded.status == "FINISHED"
    assert not delivered(home)
    assert sync.sync(home) == 1
    assert "kept in" in capsys.readouterr().err
    server.start()
    assert MlflowClient(server.uri).get_run(run_id).info.status == "RUNNING"
    assert sync.sync(home) == 0
    recorded.is_what_is_stored(server.uri, run_id)
    assert sync.sync(home) == 0
    assert "nothing is left" in capsys.readouterr().out


def test_a_run_begins_without_its_server_and_the_next_one_delivers_it(
    tmp_path, module_folder, home, monkeypatch, capsys
):
    monkeypatch.setattr("fer_exp.tracking.store.WAIT", 0)
    monkeypatch.setattr("fer_exp.tracking.sender.PATIENCE", 1)
    server = Server.over(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "artifacts")
    recorded = Recorded(monkeypatch)
    early = train(command(module_folder, server.uri), "s-1")
    assert recorded.status == "FINISHED"
    server.start()
    try:
        again = train(command(module_folder, server.uri), "s-2")  # is delivered first, then known
        assert f"({again}) finished before" in capsys.readouterr().out
        assert only(server.uri) == again
        assert MlflowClient(server.uri).get_run(again).data.tags["journal"] == early
        recorded.tags["also_in.s-2"] = "true"
        recorded.is_what_is_stored(server.uri, again)
        assert delivered(home)
    finally:
        server.kill()


def test_a_server_that_hangs_does_not_slow_training_and_a_broken_database_only_delays(
    postgres, server, home, monkeypatch
):
    recorded = Recorded(monkeypatch)
    store = open_store(server.uri, "fer-exp")
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        server.signal(signal.SIGSTOP)
        began = time.monotonic()
        for epoch in range(1, 1001):
            run.log_metrics({"loss": 1 / epoch, "val_loss": float("nan")}, epoch)
        run.log_text("early", "note.txt")
        assert not run.sender.flush(patience=1)  # nor does its end wait as long as a request may take
        assert time.monotonic() - began < 5
        assert "no answer for" in run.sender.failure
        server.signal(signal.SIGCONT)
        assert run.sender.flush()
        postgres.stop()  # the server is there, and answers with errors
        run.log_metrics({"loss": 0.0}, 2000)
        run.log_text("late", "note.txt")
        run.log_params({"seed": 0})
        assert not run.sender.flush(patience=2)
        postgres.start()
    assert len(recorded.points) == 2001
    recorded.is_what_is_stored(server.uri, run.id)
    assert delivered(home)


def test_eight_processes_that_meet_a_fresh_database_at_once_lose_nothing(tmp_path):
    code = (
        "from fer_exp.tracking import Recorder, open_store\n"
        f"store = open_store('sqlite:///{tmp_path}/fresh/mlflow.db', 'faces')\n"
        "with Recorder.new(store, 'r', {}) as run:\n"
        "    for step in range(50): run.log_metrics({'loss': 1.0}, step)\n"
        "print(run.id, store.experiment_id)"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    jobs = [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(8)]
    done = [job.communicate(timeout=300) for job in jobs]
    assert [job.returncode for job in jobs] == [0] * 8, done
    assert not any("locked" in err for _, err in done), done
    assert len({out.split()[1] for out, _ in done}) == 1
    client = MlflowClient(f"sqlite:///{tmp_path}/fresh/mlflow.db")
    found = client.search_runs([done[0][0].split()[1]])
    assert sorted(run.info.run_id for run in found) == sorted(out.split()[0] for out, _ in done)
    assert {len(client.get_metric_history(run.info.run_id, "loss")) for run in found} == {50}


SWEEPS = """
import os, sys
from fer_exp.commands import compare
sys.path.insert(0, sys.argv[1])
from runs import train
uri, words = sys.argv[2], sys.argv[3:]
pids = []
for sweep in range(4):  # forks: importing everything takes longer than training
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            for variant in ("normal", "mixed"):
                train([*words, f"data={variant}", f"seed={sweep}"], f"s-{sweep}")
            compare.of_sweep(f"s-{sweep}", uri, "fer-exp", 2)
            code = 0
        finally:
            os._exit(code)
    pids.append(pid)
sys.exit(any([os.waitpid(pid, 0)[1] for pid in pids]))
"""


def test_four_sweeps_at_once_on_one_file_lose_no_run_and_show_no_lock(tmp_path, module_folder):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    (tmp_path / "sweeps.py").write_text(SWEEPS)
    words = [*command(module_folder, uri), "epochs=2"]
    start = [sys.executable, str(tmp_path / "sweeps.py"), str(Path(__file__).parents[1]), uri, *words]
    done = subprocess.run(start, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert "locked" not in done.stdout + done.stderr
    client = MlflowClient(uri)
    found = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    assert len(found) == 4 * 3
    assert {run.info.status for run in found} == {"FINISHED"}
    assert all(len(client.get_metric_history(run.info.run_id, "loss")) == 2 for run in found if "seed" in run.data.tags)
    assert delivered(tmp_path)


def test_files_that_would_not_reach_the_server_are_said(server, tmp_path, caplog):
    open_store(f"sqlite:///{tmp_path}/mlflow.db", "made here")
    for experiment, said in (("made by the server", 0), ("made here", 1)):
        with Recorder.new(open_store(server.uri, experiment), "r", {}):
            pass
        assert caplog.text.count("not to the server") == said


def test_many_processes_that_make_one_experiment_on_a_server_all_get_it(server):
    threads, found = [], []
    for _ in range(6):
        threads.append(Thread(target=lambda: found.append(open_store(server.uri, "new").experiment_id)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1


def test_a_server_that_is_too_busy_or_breaks_off_in_the_midst_of_answers_gets_everything_once(
    server, module_folder, home, monkeypatch, caplog
):
    monkeypatch.setattr("fer_exp.tracking.sender.PATIENCE", 5)
    draw, recorded, drawn = random.Random(0), Recorded(monkeypatch), []

    def fault():
        faults = ["busy", "busy for long", "cut", "half"]
        drawn.append(draw.choice(faults) if draw.random() < 0.3 and len(drawn) > 3 else None)
        return drawn[-1]

    with behind_faults(server.uri, fault) as uri:
        run_id = train(command(module_folder, uri))
    assert recorded.status == "FINISHED"
    assert len({*drawn}) == 5
    if not delivered(home):
        assert sync.sync(home, to=server.uri) == 0
    assert only(server.uri) == run_id
    recorded.is_what_is_stored(server.uri, run_id)
    assert delivered(home)
