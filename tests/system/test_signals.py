import signal
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys, time
from fer_exp.system.signals import PASSED_ON, STOP, handle_signals
before = [signal.getsignal(each) for each in STOP]
with handle_signals(lambda number: print("heard", signal.Signals(number).name, flush=True)):
    {inside}
print(before == [signal.getsignal(each) for each in STOP], flush=True)
"""


def ran(inside):
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(inside=inside)], capture_output=True, text=True)
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize("first", ["SIGINT", "SIGTERM"])
def test_the_first_is_heard_and_the_second_ends_the_process_at_once(first):
    send = f"os.kill(os.getpid(), signal.{first}); os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"
    assert ran(send) == (-signal.SIGINT, ["heard", first])


def test_what_a_parent_passes_on_is_no_second_one():
    send = "os.kill(os.getpid(), signal.SIGTERM); os.kill(os.getpid(), PASSED_ON)"
    assert ran(send) == (0, ["heard", "SIGTERM", "False"])


def test_where_none_came_all_is_as_before():
    assert ran("pass") == (0, ["True"])
