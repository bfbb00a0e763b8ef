"""An interrupted run goes on bit for bit as if it had never stopped, and nothing is recorded twice."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from interrupted import Stop, database, go_on, interrupt, only
from runs import command, results, same, train

from fer_exp.commands import run
from fer_exp.system.paths import ROOT
from fer_exp.tracking import Recorder
from fer_exp.training import checkpoints, state


@pytest.fixture(scope="module")
def twin(module_folder, tmp_path_factory):
    """What a run that nothing interrupts leaves, and the folder of the faces."""
    place = tmp_path_factory.mktemp("twin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_EXP_CACHE", str(place / "cache"))
        return results(database(place), train(command(module_folder, database(place))))


@pytest.mark.slow
def test_wherever_it_ends_the_rest_is_the_same(twin, module_folder, tmp_path, monkeypatch, caplog):
    ends = [
        (checkpoints, "save", 1),  # before there is anything to go on from
        (state, "write", 2),  # epoch 2 is among the run's checkpoints, its state is not
        (state.os, "replace", 3),  # in the midst of writing a file
        (checkpoints, "save", 2),
        (run, "predict_checkpoints", 1),  # after training, before the test
        (Recorder, "log_model", 2),  # between the two logged models
        (run.run_report, "record_checkpoint", 2),  # between the two checkpoints' results
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


@pytest.mark.slow
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
sys.path.insert(0, sys.argv[1])
from interrupted import go_on
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


@pytest.mark.slow
def test_a_run_that_is_taught_goes_on_with_its_teacher_bit_for_bit(module_folder, tmp_path, monkeypatch):
    distill = ("method=distill", "data=mixed", "epoch_size=faces", "mirror=true", "occlusion.fill=inpaint")
    ids = []
    for place in (tmp_path / "twin", tmp_path / "interrupted"):
        place.mkdir()
        words = [*command(module_folder, database(place)), *distill]
        teacher = [*command(module_folder, database(place)), "data=normal", "epoch_size=faces", "mirror=true"]
        train(teacher, "s-1")
        if place.name == "interrupted":
            with monkeypatch.context() as patch, pytest.raises(Stop):
                interrupt(patch, checkpoints, "save", 4)
                train(words)
            ids.append(go_on("last", place))
        else:
            ids.append(train(words))
    same(
        *(results(database(tmp_path / name), run_id) for name, run_id in zip(("twin", "interrupted"), ids, strict=True))
    )
