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


@pytest.mark.parametrize("first", ["SIGINT", "SIGTERM"])
def test_a_signal_in_the_midst_of_imports_waits_for_their_end_and_a_second_one_does_not(first):
    program = """
import os, signal
from fer_exp.system.signals import deferred, handle_signals
def swallow():
    try:
        os.kill(os.getpid(), signal.{first})
    except BaseException:
        print("swallowed", flush=True)
def stop(number):
    raise KeyboardInterrupt
try:
    with handle_signals(stop), deferred():
        swallow()
        print("imported", flush=True)
except KeyboardInterrupt:
    print("stopped", flush=True)
with handle_signals(stop), deferred():
    swallow()
    os.kill(os.getpid(), signal.SIGINT)
"""
    done = subprocess.run([sys.executable, "-c", program.format(first=first)], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (-signal.SIGINT, ["imported", "stopped"])


def test_ctrl_c_before_a_command_can_hear_it_ends_the_process_without_a_traceback(tmp_path):
    (tmp_path / "slow.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    program = """
import sys
sys.path.insert(0, {folder!r})
from fer_exp import __main__
__main__.import_module = lambda name: __import__("slow")
__main__.main(["train"])
"""
    command = [sys.executable, "-c", program.format(folder=str(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
