"""Pictures to measure with: built-in faces, written as files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fer_exp.config.dataset import SyntheticConfig
from fer_exp.datasets import load


def write_faces(
    folder: Path, count: int, size: int, classes: int = 1, grey: bool = False
) -> tuple[list[str], np.ndarray]:
    """Write `count` faces as JPEGs of size x size pixels, in turn into the folders 0, 1, ... of their classes.

    Returns:
        The files below `folder` in their order, and the landmarks (count, 68, 2) in pixels.
    """
    faces = load(SyntheticConfig("synthetic", n_train=max(80, count), n_test=16, size=size), size=size, workers=2)
    rows = faces.rows("train")[:count]
    names = [f"{i % classes}/{i}.jpg" for i in range(count)]
    for row, name in zip(rows, names, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture = faces.pixels[row]
        stored = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY if grey else cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / name), stored, [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert faces.landmarks is not None
    return names, faces.landmarks[rows]
