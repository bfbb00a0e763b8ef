"""Processes that work beside this one."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread

import cv2


def pool(workers: int) -> ProcessPoolExecutor:
    """Fresh processes, one thread each, that end when this one does, however it ends.

    Not forked: a fork of a process with threads (TensorFlow's, OpenCV's) can hang.
    """
    return ProcessPoolExecutor(workers, get_context("spawn"), _start)


def _start() -> None:
    cv2.setNumThreads(1)  # one process a core; threads within would fight
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then stops the pool
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent_process().join()  # one that was killed sends no word: its children would wait for work for ever
    os._exit(1)
