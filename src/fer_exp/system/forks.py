"""Processes that begin with their imports done: forked from a server that did them once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing import forkserver, get_context, resource_tracker
from multiprocessing.process import BaseProcess


def start(preload: str, target: Callable[..., int], *arguments: object) -> BaseProcess:
    """Start a process that ends with the status that a function returns; it has this process's environment.

    Args:
        preload: module that imports what such processes need; the first call of this process makes the server, which
            ends with this process. Its `ENVIRONMENT`, if it has one, is what those imports have set: it counts where
            this process's environment says nothing else.
        target: importable function.
        arguments: of the function.
    """
    work = (dict(os.environ), preload, target, arguments)
    process: BaseProcess
    if sys.platform == "linux":
        context = get_context("forkserver")
        context.set_forkserver_preload([preload])
        _start_server()
        process = context.Process(target=_run, args=work)
    else:  # a fork after such imports is not safe there: the process does them itself
        process = get_context("spawn").Process(target=_run, args=work)
    process.start()
    return process


def describe_end(code: int) -> str:
    """Return in words how a process ended, from its exit code."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"


def _start_server() -> None:
    # what lies in the working folder is not imported in place of what is installed
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    resource_tracker.ensure_running()  # else the server starts it, which unblocks signals
    # a SIGTERM for all processes of the terminal must not end the server, which says how the others ended
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _run(
    environment: Mapping[str, str], preload: str, target: Callable[..., int], arguments: tuple[object, ...]
) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.environ.clear()
    os.environ.update({**getattr(sys.modules.get(preload), "ENVIRONMENT", {}), **environment})
    sys.exit(target(*arguments))
