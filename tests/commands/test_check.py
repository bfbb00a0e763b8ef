import subprocess
import sys

import pandas as pd

from fer_exp.system.paths import ROOT


def test_the_command_lists_every_name_and_its_exit_status_says_whether_there_was_one(folder, tmp_path):
    root, landmarks = folder
    words = [
        "dataset=image_folder",
        f"dataset.root={root}",
        f"dataset.landmarks={landmarks}",
        f"hydra.run.dir={tmp_path}/h",
    ]
    done = subprocess.run([sys.executable, "-m", "fer_exp", "check", *words], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1  # its faces have 16 pixels
    assert "smaller than 24 pixels" in done.stdout and "66 problems" in done.stderr
    assert len(pd.read_csv(tmp_path / "h/problems.csv")) == 66
    done = subprocess.run([sys.executable, "-m", "fer_exp", "check"], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr.strip()) == (
        2,
        "error: say what to look through: dataset=NAME dataset.root=DIR",
    )
