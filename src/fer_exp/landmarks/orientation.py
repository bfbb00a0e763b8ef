"""Pictures as a detector needs them: upright and not too large, with the way back to the stored pixels."""

from __future__ import annotations

import io
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from fer_exp.datasets import images
from fer_exp.datasets.faces import Faces
from fer_exp.errors import DataError
from fer_exp.system.regular import read_bytes

ORIENTATION = 274  # the tag of EXIF 2.3, JEITA CP-3451
# value of the tag -> what turns the stored picture upright: swap x and y, then mirror x, then mirror y
TURNS = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}
LARGEST = 1024  # pixels; larger pictures are shrunk, so that memory stays flat


class Picture(NamedTuple):
    """An upright picture.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        back: (2, 3) float64, stored = back @ (x, y, 1) in pixels with centres at whole numbers.
    """

    pixels: np.ndarray
    back: np.ndarray


def read(faces: Faces, row: int) -> Picture | None:
    """Read the picture of a row, from its file or from memory; return None where it cannot be decoded.

    Raises:
        DataError: its file cannot be read.
    """
    if faces.pixels is not None:
        return turn_upright(np.asarray(faces.pixels[row]), 1)
    try:
        data = read_bytes(faces.path(row))
        return turn_upright(images.decode(data), _orientation(data))
    except OSError as error:  # may pass: the cache must not say that there is no face
        raise DataError(f"{faces.path(row)} cannot be read any more: {error.strerror}") from error
    except cv2.error:
        return None


def turn_upright(stored: np.ndarray, orientation: int) -> Picture:
    """Turn the stored picture (h, w, 1 or 3) uint8 as its EXIF orientation (1 to 8) says, and shrink it to LARGEST."""
    swap, mirror_x, mirror_y = TURNS.get(orientation, TURNS[1])
    pixels = stored.swapaxes(0, 1) if swap else stored
    pixels = pixels[:: -1 if mirror_y else 1, :: -1 if mirror_x else 1]
    height, width = pixels.shape[:2]
    shrink = min(1.0, LARGEST / max(height, width))
    if shrink < 1:
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        pixels = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
        pixels = pixels.reshape(*pixels.shape[:2], -1)  # OpenCV drops the channel of grey pictures
    x, y = (
        _axis(before, after, mirror)
        for before, after, mirror in zip((width, height), pixels.shape[1::-1], (mirror_x, mirror_y), strict=True)
    )
    back = np.array([[x[0], 0, x[1]], [0, y[0], y[1]]])
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, 2)
    return Picture(np.ascontiguousarray(pixels), back[::-1] if swap else back)


def _axis(before: int, after: int, mirrored: bool) -> tuple[float, float]:
    """Return factor and offset from an axis of `after` pixels back to one of `before` pixels, mirrored or not."""
    factor = before / after
    offset = (factor - 1) / 2
    return (-factor, before - 1 - offset) if mirrored else (factor, offset)


def _orientation(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # Pillow raises errors of all kinds on damaged EXIF data, which nobody needs
        return 1
