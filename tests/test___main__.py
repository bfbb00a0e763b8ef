import subprocess
import sys

import pytest

from fer_exp.__main__ import VERBS


def python(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb):
    done = python("-m", "fer_exp", verb, "--help")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 4


def test_verbs_are_listed_and_the_nearest_is_named():
    done = python("-m", "fer_exp")
    assert done.returncode == 0 and all(f"  {verb} " in done.stdout for verb in VERBS)
    wrong = python("-m", "fer_exp", "tarin")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "did you mean train?" in wrong.stderr


@pytest.mark.parametrize("room", ["tracking", "landmarks.detect", "landmarks.geometry", "config.train", "datasets"])
def test_a_room_is_imported_without_hydra(room):
    done = python("-c", f"import sys, fer_exp.{room}; assert 'hydra' not in sys.modules")
    assert done.returncode == 0, done.stderr
