"""Ctrl-C and SIGTERM: the first one is handled, the second ends the process at once (nothing recorded is lost)."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int | None  # what signal.signal takes and returns
STOP = (signal.SIGINT, signal.SIGTERM)
# what a parent passes on: its child may have got the signal itself, and must not take that for the second one
PASSED_ON = getattr(signal, "SIGUSR1", signal.SIGTERM)


def install_handlers(on_first: Callable[[int], None]) -> dict[int, Handler]:
    """Call `on_first(signal)` when the first one comes, and leave the next to the system; return former handlers."""

    def handle(number: int, frame: FrameType | None) -> None:
        signal.signal(PASSED_ON, signal.SIG_IGN)
        for stop in STOP:
            signal.signal(stop, signal.SIG_DFL)
        on_first(number)

    return {number: signal.signal(number, handle) for number in (*STOP, PASSED_ON)}


@contextmanager
def handle_signals(on_first: Callable[[int], None]) -> Iterator[None]:
    """Install the handlers for the block; the former ones come back unless a signal came."""
    if current_thread() is not main_thread():  # only the main thread gets signals
        yield
        return
    former = install_handlers(on_first)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
            for number, handler in former.items():
                signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Let a first signal wait until the block has imported compiled code, which would swallow the exception or abort.

    Raises:
        KeyboardInterrupt: at the end of the block, if one came.
    """
    heard: list[int] = []
    with handle_signals(heard.append):
        yield
    if heard:
        raise KeyboardInterrupt


@contextmanager
def default_interrupt() -> Iterator[None]:
    """Let Ctrl-C end the process at once, without a traceback, while the block imports what handles it better."""
    if current_thread() is not main_thread():
        yield
        return
    former = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
