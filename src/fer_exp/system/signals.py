"""Ctrl-C and SIGTERM: the first one is heard, the second one ends the process at once (nothing recorded is lost)."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

STOP = (signal.SIGINT, signal.SIGTERM)
# what a parent passes on: its child may have got the signal itself, and must not take that for the second one
PASSED_ON = getattr(signal, "SIGUSR1", signal.SIGTERM)


def on_first(heard: Callable[[int], None]) -> dict[int, object]:
    """Call `heard(signal)` when the first one comes, and leave the next to the system; returns what was set before."""

    def handle(number, frame):
        signal.signal(PASSED_ON, signal.SIG_IGN)
        for each in STOP:
            signal.signal(each, signal.SIG_DFL)
        heard(number)

    return {each: signal.signal(each, handle) for each in (*STOP, PASSED_ON)}


@contextmanager
def heard_by(heard: Callable[[int], None]) -> Iterator[None]:
    """`on_first`, for a while; what was set before comes back unless one came."""
    if current_thread() is not main_thread():  # only the main thread hears signals
        yield
        return
    before = on_first(heard)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
            for each, handler in before.items():
                signal.signal(each, handler)
