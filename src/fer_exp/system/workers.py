"""Processes and threads that work beside this one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread

from tqdm import tqdm

CHUNK = 256  # rows per task of `for_each`: one task per file would cost more than reading it


def worker_count(asked: int | None) -> int:
    """Return how many processes or threads to use: those asked for, else one per core."""
    return asked or os.cpu_count() or 1


def pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of fresh processes, one thread each, that end when this one does, however it ends.

    They are not forked: a fork of a process with threads (TensorFlow's, OpenCV's) can hang.
    """
    return ProcessPoolExecutor(workers, get_context("spawn"), _start)


def _start() -> None:
    import cv2

    cv2.setNumThreads(1)  # one process per core: threads within would compete
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then stops the pool
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
