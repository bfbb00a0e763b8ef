"""Cutting squares and upright rectangles out of pictures."""

from __future__ import annotations

import cv2
import numpy as np


def cut(picture: np.ndarray, square: np.ndarray, side: int, aspect: float = 1.0) -> np.ndarray:
    """Cut a rectangle out of a picture as (side, side, 3), black where the picture ends.

    Args:
        picture: (h, w, 3) uint8.
        square: (3,) x and y of the middle, width; in pixels.
        side: of the result, in pixels.
        aspect: height of the rectangle, in parts of its width.
    """
    lengths = np.array([square[2], square[2] * aspect])
    finer = int(np.clip(round(lengths.max() / side), 1, 8))  # where it shrinks, every pixel counts
    fine = side * finer
    step = lengths / fine
    start = square[:2] - lengths / 2 + step / 2
    matrix = np.array([[step[0], 0, start[0]], [0, step[1], start[1]]])
    crop = cv2.warpAffine(picture, matrix, (fine, fine), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return crop if finer == 1 else cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
