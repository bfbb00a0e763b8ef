import signal
import subprocess
import sys

import psutil
import pytest

PROGRAM = """
import subprocess, sys
from fer_exp.commands import ui
sys.exit(ui.serve([sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_with_the_command(number):
    command = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    server = psutil.Process(int(command.stdout.readline()))
    command.send_signal(number)  # to this process alone
    assert (command.wait(30), command.stderr.read()) == (0, b"")
    assert not psutil.pid_exists(server.pid)
