"""How libraries behave while they look at frames: in one thread, and without lines of their own in the terminal."""

from __future__ import annotations

import logging
import os

import cv2


def use_one_thread() -> None:
    """Let one thread look at a frame: networks and pictures are small, and threads that wait for each other cost more.

    To be called before TensorFlow's first operation, which is when it reads the environment.
    """
    cv2.setNumThreads(1)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")


def quieten() -> None:
    """Keep back what libraries print of a camera that is not there, or of another number of faces.

    To be called before the first video is opened, which is when FFmpeg reads the environment.
    """
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it takes networks with several sizes for a mistake
