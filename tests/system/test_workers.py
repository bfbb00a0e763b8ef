import subprocess
import sys
import time

import psutil

START = """
import os, signal
from fer_exp.system.workers import pool
if __name__ == "__main__":
    print(pool(1).submit(os.getpid).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


INTERRUPTED = """
import signal
from fer_exp.system.workers import pool

if __name__ == "__main__":
    print(pool(1).submit(int, 7).result(), flush=True)
else:  # this module is imported by the process before it asks for work
    signal.raise_signal(signal.SIGINT)
"""


def test_ctrl_c_while_a_process_begins_is_for_its_parent_alone(tmp_path):
    (tmp_path / "start.py").write_text(INTERRUPTED)
    done = subprocess.run([sys.executable, tmp_path / "start.py"], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_processes_end_with_the_one_that_started_them(tmp_path):
    (tmp_path / "start.py").write_text(START)
    done = subprocess.run([sys.executable, tmp_path / "start.py"], capture_output=True, text=True)
    pid, started = int(done.stdout), time.monotonic()

    def lives():
        return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE

    while lives() and time.monotonic() - started < 30:
        time.sleep(0.05)
    assert not lives()
