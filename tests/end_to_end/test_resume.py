"""An interrupted run goes on bit for bit as if it had never stopped, and nothing is recorded twice."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import current_thread, main_thread

import pytest
from mlflow import MlflowClient
from runs import command, composed, results, same, train

from fer_exp.commands import continuation, run
from fer_exp.commands import reuse as repeats
from fer_exp.errors import ConfigError, UserError
from fer_exp.system.paths import ROOT
from fer_exp.tracking import Recorder, close_dead, open_place, provenance
from fer_exp.training import checkpoints, state


def database(place):
    return f"sqlite:///{place}/mlflow.db"


def go_on(run_id, place, *more):
    words = [f"resume={run_id}", f"tracking.uri={database(place)}", *more]
    return continuation.resume(*composed(words), words)


@pytest.fixture(scope="module")
def twin(module_folder, tmp_path_factory):
    """What a run that nothing interrupts leaves, and the folder of the faces."""
    place = tmp_path_factory.mktemp("twin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_EXP_CACHE", str(place / "cache"))
        return results(database(place), train(command(module_folder, database(place))))


def only(place):
    client = MlflowClient(database(place))
    (found,) = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    return found.info.run_id


class Stop(BaseException):
    """Stands for the end of the process."""


def interrupt(monkeypatch, module, name, call, end=Stop):
    """End the process at its given call of a function, before it does anything."""
    real, calls = getattr(module, name), []

    def broken(*args, **kwargs):
        if current_thread() is main_thread():  # what is delivered meanwhile is another matter
            calls.append(1)
            if len(calls) == call:
                raise end
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, broken)


def test_wherever_it_ends_the_rest_is_the_same(twin, module_folder, tmp_path, monkeypatch, caplog):
    ends = [
        (checkpoints, "save", 1),  # before there is anything to go on from
        (state, "write", 2),  # epoch 2 is among the run's checkpoints, its state is not
        (state.os, "replace", 3),  # in the midst of writing a file
        (checkpoints, "save", 2),
        (run.predicting, "predict", 1),  # after training, before the test
        (Recorder, "model", 2),  # between the two logged models
        (run.report, "record_checkpoint", 2),  # between the two checkpoints' results
    ]
    for attempt, (module, name, call) in enumerate(ends):
        with monkeypatch.context() as patch, pytest.raises(Stop):
            interrupt(patch, module, name, call)
            go_on("last", tmp_path) if attempt else train(command(module_folder, database(tmp_path)))
        if attempt == 3:  # a torn state is seen, and the one before it taken
            kept = sorted((tmp_path / "state").rglob("*.state"))
            assert len(kept) == 2
            kept[-1].write_bytes(kept[-1].read_bytes()[:-100] + bytes(100))
    run_id = only(tmp_path)
    assert go_on("last", tmp_path) == run_id
    found, *rest = results(database(tmp_path), run_id)
    same(twin, (found, *rest))
    assert (found.info.status, found.data.tags["resumed"]) == ("FINISHED", str(len(ends)))
    assert len(found.outputs.model_outputs) == 2 and len(found.inputs.dataset_inputs) == 3
    assert not (tmp_path / "state" / run_id).exists()
    assert "is damaged" in caplog.text and "it begins anew" in caplog.text


def test_what_does_not_fit_is_refused_and_says_so(module_folder, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Stop):
        interrupt(patch, checkpoints, "save", 3)
        train(command(module_folder, database(tmp_path)))
    begun, client = only(tmp_path), MlflowClient(database(tmp_path))
    with pytest.raises(ConfigError, match=r"epochs: 6, now 8\)\. resume_changes=\[epochs\] allows it"):
        go_on(begun, tmp_path, "epochs=8", "batch_size=8")
    for word in ("model=emotion_cnn_2", "optimizer.learning_rate=5.0"):
        with pytest.raises(ConfigError, match="cannot change in the midst"):
            go_on(begun, tmp_path, word, f"resume_changes=[{word.split('=')[0]}]")
    client.update_run(begun, status="RUNNING")
    with pytest.raises(UserError, match="still running, as process"):
        go_on(begun, tmp_path)
    client.set_terminated(begun, "KILLED")
    client.set_tag(begun, "split.hash", "another")
    with pytest.raises(UserError, match="the split are not those"):
        go_on(begun, tmp_path)
    assert client.get_run(begun).info.status == "KILLED"
    client.set_tag(begun, "split.hash", run.prepare(composed(command(module_folder, database(tmp_path)))[0]).by.hash)
    go_on(begun, tmp_path, "epochs=3", "resume_changes=[epochs]")
    found, points, _ = results(database(tmp_path), begun)
    assert [step for step, _ in points["loss"]] == [1, 2, 3]
    assert found.data.tags["resume.changed"] == "epochs: 6 -> 3"
    with pytest.raises(UserError, match="is finished"):
        go_on(begun, tmp_path)
    with pytest.raises(UserError, match="every run of fer-exp is finished"):
        go_on("last", tmp_path)
    fresh = composed(command(module_folder, database(tmp_path)))  # it is no repeat of what it was told first
    about = run.tags(*fresh, run.prepare(fresh[0]), [], None)
    assert repeats.known(open_place(database(tmp_path), "fer-exp"), about) is None


def test_a_sweep_that_is_called_again_goes_on_where_a_job_was_interrupted(
    twin, module_folder, tmp_path, monkeypatch, capsys
):
    words = command(module_folder, database(tmp_path))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupt(patch, checkpoints, "save", 4, KeyboardInterrupt)
        train(words, "s-1")
    found = train(words, "s-2")
    assert "goes on: convnet_small-normal-s0" in capsys.readouterr().out
    assert found == only(tmp_path)
    same(twin, results(database(tmp_path), found))
    assert train(words, "s-3") == found  # and is then not run again


def test_a_run_that_a_process_left_is_closed_and_others_are_not(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    place = open_place(database(tmp_path), "fer-exp")
    mine = provenance.machine()
    tags = {
        "left": mine | {"pid": str(gone.pid)},
        "number used again": mine | {"process.began": "1.0"},
        "alive": mine,
        "elsewhere": mine | {"host": "another", "pid": str(gone.pid)},
    }
    made = {name: Recorder.new(place, name, {"kind": "run"} | about).id for name, about in tags.items()}
    assert {run.info.run_name for run in close_dead(place)} == {"left", "number used again"}
    status = {name: place.client.get_run(run_id).info.status for name, run_id in made.items()}
    assert status == {"left": "KILLED", "number used again": "KILLED", "alive": "RUNNING", "elsewhere": "RUNNING"}


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 24 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_that_fills_ends_the_run_and_with_room_again_it_goes_on(twin, module_folder, small_disk, tmp_path):
    start = [sys.executable, str(ROOT / "train.py")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
    words = [*command(module_folder, database(small_disk)), f"hydra.run.dir={tmp_path}/out"]
    with subprocess.Popen([*start, *words], **pipes) as job:
        while not list(small_disk.glob("state/*/*.state")):
            assert job.poll() is None, job.communicate()
            time.sleep(0.01)
        with suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(2**20))
        with suppress(OSError), (small_disk / "more ballast").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(512))
        _, err = job.communicate(timeout=120)
    assert job.returncode == 1, err
    assert "No space left on device" in err and "Make room" in err and "Traceback" not in err, err
    for file in small_disk.glob("*ballast"):
        file.unlink()
    done = subprocess.run([*start, "resume=last", f"tracking.uri={database(small_disk)}"], **pipes)
    assert done.returncode == 0, done.stderr
    assert "goes on after epoch" in done.stdout
    same(twin, results(database(small_disk), only(small_disk)))


RUNNER = """
import os, sys
from fer_exp.commands import continuation, reuse, run
from fer_exp.tracking import provenance
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/end_to_end"]
from test_resume import go_on
from runs import train
for line in sys.stdin:  # a fork for each attempt: importing everything takes longer than training
    what, *words = line.rstrip("\\n").split("\\t")
    pid = os.fork()
    if pid == 0:
        os.setpgrp()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1
        try:
            train(words) if what == "train" else go_on("last", words[0])
            code = 0
        finally:
            os._exit(code)
    print(pid, flush=True)
    print(os.waitpid(pid, 0)[1], flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_at_random_moments_change_nothing(twin, module_folder, tmp_path):
    draw = random.Random(0)
    (tmp_path / "runner.py").write_text(RUNNER)
    start = [sys.executable, str(tmp_path / "runner.py"), str(Path(__file__).parents[1])]
    kills = 0
    with subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as runner:
        while True:
            words = ["resume", str(tmp_path)] if kills else ["train", *command(module_folder, database(tmp_path))]
            runner.stdin.write("\t".join(words) + "\n")
            runner.stdin.flush()
            pid = int(runner.stdout.readline())
            if kills < 10:
                kill(pid, tmp_path, draw)
                kills += 1
            if int(runner.stdout.readline()) == 0:
                break
        runner.stdin.close()
    assert kills == 10
    same(twin, results(database(tmp_path), only(tmp_path)))


def kill(pid, place, draw):
    """Some time after it has written something: in the midst of an epoch, of a file, of a test, of anything."""

    def paths():  # folders come and go meanwhile, which os.walk takes as it is
        return [os.path.join(folder, name) for folder, _, names in os.walk(place) for name in names]

    def written():
        found = []
        for path in paths():
            with suppress(OSError):  # gone since
                found.append((path, os.stat(path).st_mtime_ns))
        return sorted(found)

    before = written()
    wanted, seen = draw.randint(1, 12), 0
    while not any(path.endswith("config.yaml") for path in paths()):  # before that there is nothing to go on with
        time.sleep(0.002)
    for _ in range(20_000):
        now = written()
        if now != before:
            before, seen = now, seen + 1
        if seen == wanted:
            break
        time.sleep(0.002)
    time.sleep(draw.uniform(0, 0.3))
    os.kill(pid, signal.SIGKILL)
