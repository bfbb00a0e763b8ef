import signal
import subprocess
import sys
import time

import pytest
from copied import content

from fer_exp.system.paths import ROOT


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["output=x"], "say what to copy"),
        (["images=a", "dataset=fer2013", "output=x"], "say what to copy"),
        (["images=a", "output=x", "quality=0"], "1 to 100, or lossless"),
        (["images=a", "output=x", "variant=covered"], "variant=covered"),
        (["images=a", "output=x", "occlusion=helmet"], "occlusion=helmet: must be one of"),
        (["images=a", "output=x", "qualty=3"], "did you mean quality"),
        (["images=/nowhere", "output=x"], "no such folder"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(words, says, tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "occlude.py"), *words, f"hydra.run.dir={tmp_path}/h"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode in (1, 2) and says in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_copy_that_is_killed_is_finished_by_the_same_command(folder, tmp_path):
    words = [
        f"dataset.root={folder[0]}",
        f"dataset.landmarks={folder[1]}",
        f"tracking.uri=sqlite:///{tmp_path}/mlflow.db",
    ]
    command = [sys.executable, str(ROOT / "occlude.py"), "dataset=image_folder", *words, "workers=1"]

    def run(output, **keys):
        return subprocess.Popen([*command, f"output={tmp_path / output}", f"hydra.run.dir={tmp_path}/h"], **keys)

    assert run("whole").wait() == 0
    job = run("killed", stderr=subprocess.DEVNULL)
    started = time.monotonic()
    while not list((tmp_path / "killed").rglob("*.png")) and time.monotonic() - started < 60:
        time.sleep(0.001)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert run("killed").wait() == 0
    assert content(tmp_path / "killed") == content(tmp_path / "whole")
