"""How many threads look at a frame."""

from __future__ import annotations

import os

import cv2


def use_one() -> None:
    """Let one thread look at a frame: networks and pictures are small, and threads that wait for each other cost more.

    To be called before TensorFlow's first operation, which is when it reads the environment.
    """
    cv2.setNumThreads(1)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")
