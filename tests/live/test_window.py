"""A window on a screen that nobody sees: its keys, and that closing it is leaving."""

import os
import subprocess
import sys
import time

import pytest
from screens import close_window, needs_screen, screen

from fer_exp.system.paths import PACKAGE

LOOK = """
import numpy as np
from fer_exp.live.window import Window
window = Window()
while True:
    window.show(np.full((240, 320, 3), 90, np.uint8))
    if key := window.key():
        print(key, flush=True)
        if key == "q":
            break
window.close()
"""


@pytest.mark.slow
@needs_screen
@pytest.mark.parametrize(("keys", "heard"), [("b s x q", "b s x q"), ("p Escape", "p q"), ("p", "p q")])
def test_keys_are_heard_and_a_closed_window_is_left(keys, heard):
    with screen() as display:
        variables = os.environ | {"DISPLAY": display, "PYTHONPATH": str(PACKAGE.parent)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen([sys.executable, "-c", LOOK], env=variables, **pipes)

        def x(*command):
            return subprocess.run(["xdotool", *command], env=variables, capture_output=True, text=True).stdout

        deadline = time.monotonic() + 60
        while not (found := x("search", "--onlyvisible", "--name", "fer-exp live").split()):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.1)
        x("windowfocus", "--sync", found[0])
        for key in keys.split():
            x("key", key)
            time.sleep(0.2)
        if "q" not in keys and "Escape" not in keys:
            close_window(display, int(found[0]))
        said, errors = process.communicate(timeout=20)
    assert (process.returncode, said.split()) == (0, heard.split()), errors
