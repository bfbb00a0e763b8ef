"""The main job as its user runs it: a process, that may be told to stop."""

import os
import signal
import subprocess
import sys
import time

import pytest
from mlflow import MlflowClient
from runs import artifacts, only_run

from fer_exp.commands.sweep import SWEEP_ID
from fer_exp.system.paths import ROOT


def command(*words):
    return [sys.executable, str(ROOT / "train.py"), *words]


@pytest.mark.slow
def test_the_command_ends_with_table_name_and_address(words, tmp_path):
    done = subprocess.run(command(*words, "epochs=1"), capture_output=True, text=True, cwd=tmp_path, timeout=200)
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert "95 % interval" in out
    assert out.count("occluded") >= 2
    found = only_run(tmp_path)
    assert f"/runs/{found.info.run_id}" in out
    assert (artifacts(found) / "train.log").read_text().count("training")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_run_that_is_told_to_stop_ends_killed_with_what_it_had(words, tmp_path):
    job = subprocess.Popen(
        command(*words, "epochs=4000"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("artifacts/*/*/artifacts/checkpoints/epoch-003.keras")):
        assert job.poll() is None, job.communicate()
        assert time.monotonic() < deadline
        os.sched_yield()
    job.send_signal(signal.SIGTERM)
    _, err = job.communicate(timeout=60)
    assert job.returncode == 130, err
    found = only_run(tmp_path)
    assert found.info.status == "KILLED"
    assert found.data.metrics["val_loss"] > 0
    assert (artifacts(found) / "training_curves.png").exists()


@pytest.mark.slow
def test_of_two_students_that_start_at_once_one_trains_the_teacher_of_both(words, tmp_path):
    distil = [*words, "epochs=1", "data=mixed", "method=distill"]
    options = {"cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    jobs = [
        subprocess.Popen(command(*distil, f"method.alpha={alpha}"), env=os.environ | {SWEEP_ID: "s-1"}, **options)
        for alpha in (0.5, 0.9)
    ]
    said = [job.communicate(timeout=300)[0] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], said
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    (teacher,) = (run for run in runs if run.data.params["method"] == "plain")
    students = [run for run in runs if run.data.params["method"] == "distill"]
    assert [run.data.tags["method.teacher"] for run in students] == [teacher.info.run_id] * 2
    assert {run.data.tags["sweep_id"] for run in runs} == {"s-1"}


@pytest.mark.slow
def test_a_sweep_ends_with_its_matrix_and_one_failed_job_does_not_stop_it(words, tmp_path):
    (tmp_path / "own" / "occlusion").mkdir(parents=True)  # options of the user's own are there for every job
    (tmp_path / "own" / "occlusion" / "mine.yaml").write_text("defaults: [quest2, _self_]\nname: mine\nscale: 0.8\n")
    more = ["-m", "data=mixed", "dataset.limit=2,null", "epochs=1", "occlusion=mine", "--config-dir", tmp_path / "own"]
    done = subprocess.run(command(*words, *more), capture_output=True, text=True, cwd=tmp_path, timeout=400)
    assert done.returncode == 1
    assert done.stderr.count("failed: ") == 1  # two faces cannot be split
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    kinds = sorted(r.data.tags["kind"] for r in runs)
    assert kinds == ["run", "summary"]
    assert len({r.data.tags["sweep_id"] for r in runs}) == 1
    summary = next(r for r in runs if r.data.tags["kind"] == "summary")
    assert summary.data.params["occlusion"] == "mine"
    assert "| **mixed** |" in summary.data.tags["mlflow.note.content"]
    assert "trained" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_ctrl_c_stops_a_sweep_after_the_step_and_the_same_command_does_what_is_missing(words, tmp_path):
    sweep = command(*words, "-m", "data=normal,occluded", "epochs=40")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    first = subprocess.Popen(sweep, cwd=tmp_path, start_new_session=True, **pipes)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("artifacts/*/*/artifacts/checkpoints/epoch-003.keras")):
        assert first.poll() is None and time.monotonic() < deadline, first.communicate()
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGINT)  # as a terminal does
    out, err = first.communicate(timeout=60)
    assert first.returncode == 130, err
    assert "stopping after this step" in err and "no matrix" in out
    assert "Traceback" not in err
    found = only_run(tmp_path)
    assert found.info.status == "KILLED"
    again = subprocess.run(sweep, cwd=tmp_path, timeout=300, **pipes)
    assert again.returncode == 0, again.stderr
    assert f"goes on: {found.info.run_name} ({found.info.run_id}) after epoch" in again.stdout
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    assert sorted(r.data.tags["kind"] for r in runs) == ["run", "run", "summary"]
    assert {r.info.status for r in runs} == {"FINISHED"}
    assert [p.step for p in client.get_metric_history(found.info.run_id, "loss")] == list(range(1, 41))
