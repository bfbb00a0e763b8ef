"""Picture files to be covered by a bar, and what is read of them."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

BAR = (slice(20, 37), slice(11, 50))
COLOUR = (200, 30, 90)
SHAPE = (67, 83)  # no multiple of 8
JPEGS = {
    "444": {"subsampling": 0},
    "422": {"subsampling": 1},
    "420": {"subsampling": 2},
    "420 progressive": {"subsampling": 2, "progressive": True},
    "420 restarts": {"subsampling": 2, "restart_marker_blocks": 3},
    "grey": {},
}


def picture(noise: float = 6) -> np.ndarray:
    """(67, 83, 3) uint8 RGB, smooth but for some noise."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    waves = [np.sin(x / 13) + np.cos(y / 17), np.cos(x / 19 + 1), np.sin((x + y) / 23)]
    image = np.stack(waves, axis=2) * 50 + 120 + np.random.default_rng(0).normal(0, noise, (*SHAPE, 3))
    return image.clip(0, 255).astype(np.uint8)


def bar(image: np.ndarray) -> None:
    assert image.flags.c_contiguous and image.dtype == np.uint8
    image[BAR] = COLOUR if image.shape[2] == 3 else COLOUR[0]


def in_bar() -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[BAR] = True
    return mask


def jpeg_of(kind: str, image: np.ndarray | None = None, **options) -> bytes:
    image = Image.fromarray(picture() if image is None else image)
    return saved(image.convert("L") if kind == "grey" else image, "JPEG", quality=88, **JPEGS.get(kind, {}), **options)


def saved(image: Image.Image, suffix: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, suffix, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def decoded(data: bytes) -> np.ndarray:
    """(h, w, c), colour as BGR(A)."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return image if image.ndim == 3 else image[:, :, None]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))
