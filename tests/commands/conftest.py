import subprocess
import sys

import pytest

from fer_exp.system.paths import ROOT


@pytest.fixture
def answer():
    """answer(*words, without=modules) -> what train.py prints, without having imported any of these modules."""

    def run(*words, without):
        code = (
            f"import sys, runpy; sys.argv = ['train.py', *{words!r}]\n"
            "try: runpy.run_path('train.py', run_name='__main__')\n"
            "except SystemExit as end: assert not end.code\n"
            f"heavy = {without!r} & set(sys.modules)\n"
            "assert not heavy, heavy"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
