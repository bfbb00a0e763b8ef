"""Processes and threads that work beside this one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Thread

from tqdm import tqdm

CHUNK = 256  # rows per task of `for_each`: one task per file would cost more than reading it


def worker_count(asked: int | None) -> int:
    """Return how many processes or threads to use: those asked for, else one per core."""
    return asked or os.cpu_count() or 1


def pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of fresh processes, one thread each, that end when this one does, however it ends.

    They are not forked: a fork of a process with threads (TensorFlow's, OpenCV's) can hang. Ctrl-C is for the parent,
    which then stops the pool.
    """
    return ProcessPoolExecutor(workers, _DeafContext(), _start)


class _DeafProcess(SpawnProcess):
    """A process that hears no Ctrl-C from its first moment on: while it imports, one would end in a traceback."""

    def start(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # a child begins with its parent's mask
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _DeafContext(SpawnContext):
    Process = _DeafProcess


def _start() -> None:
    import cv2

    cv2.setNumThreads(1)  # one process per core: threads within would compete
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # this runs in a worker
    parent.join()  # a parent that was killed sends no word: its children would wait for work for ever
    os._exit(1)


def for_each(n: int, work: Callable[[int], None], workers: int, name: str, unit: str) -> None:
    """Call `work(row)` for rows 0 to n - 1, in no particular order; the first exception ends the whole."""

    def chunk(start: int) -> int:
        rows = range(start, min(start + CHUNK, n))
        for row in rows:
            work(row)
        return len(rows)

    bar = tqdm(total=n, desc=name, unit=unit, disable=None)
    with bar, ThreadPoolExecutor(max(1, workers)) as pool:
        for done in pool.map(chunk, range(0, n, CHUNK)):
            bar.update(done)
