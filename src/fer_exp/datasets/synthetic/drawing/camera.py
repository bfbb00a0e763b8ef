"""What light and camera do to a picture: uneven light, colour cast, blur, noise, JPEG."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from fer_exp.datasets.synthetic.drawing.canvas import multiply

_NOISE_SIDE = 512  # the largest picture; smaller ones take a window of this noise


def photograph(
    rng: np.random.Generator, canvas: np.ndarray, *, size: int, light: float, corruption: float
) -> np.ndarray:
    """Return the finished picture, (size, size, 3) uint8; the canvas is changed in place.

    Args:
        canvas: (s, s, 3) uint8 RGB, s at least `size`.
        light: where the light comes from, -1 (left) to 1.
        corruption: factor on every fault; 0 leaves a clean picture.
    """
    multiply(canvas, _light(rng, light, corruption))
    picture = canvas
    if len(picture) != size:
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    if not corruption:
        return picture
    blur = (0.20 + abs(rng.normal()) * 0.34 * corruption) * size / 96
    if blur > 0.4:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    picture = _grain(rng, picture, min(0.7, abs(rng.normal()) * 0.22 * corruption))
    if rng.random() < 0.5 * corruption:
        picture = _jpeg(picture, int(rng.integers(45, 92)))
    return picture


def _light(rng: np.random.Generator, light: float, corruption: float) -> np.ndarray:
    """Draw the light in the four corners, (2, 2, 3) uint8, 128 = unchanged."""
    angle, strength = rng.random() * 2 * np.pi, 0.22 * corruption * rng.random()
    x, y = strength * np.cos(angle) + 0.10 * light, strength * np.sin(angle)
    brightness = np.exp(np.clip(rng.normal(), -2, 1.2) * 0.12 * corruption - 0.03)
    cast = 1 + rng.normal(size=3) * 0.022 * corruption
    corners = np.array([[1 - x - y, 1 + x - y], [1 - x + y, 1 + x + y]])
    light_map: np.ndarray = corners[:, :, None] * brightness * cast * 128
    return light_map.clip(20, 255).astype(np.uint8)


def _grain(rng: np.random.Generator, picture: np.ndarray, strength: float) -> np.ndarray:
    size = len(picture)
    y, x = rng.integers(0, _NOISE_SIDE - size + 1, 2)
    return cv2.addWeighted(picture, 1, _noise()[y : y + size, x : x + size], strength, -128 * strength)


@lru_cache(maxsize=1)
def _noise() -> np.ndarray:
    """Return noise, (512, 512, 3) uint8 around 128: partly coloured, partly grey."""
    rng = np.random.default_rng(1234)
    color, grey = rng.normal(0, 16, (_NOISE_SIDE, _NOISE_SIDE, 3)), rng.normal(0, 16, (_NOISE_SIDE, _NOISE_SIDE, 1))
    return np.clip(0.6 * color + 0.8 * grey + 128, 0, 255).astype(np.uint8)


def _jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    # OpenCV's codec takes the channels for BGR both ways, so their order survives.
    encoded = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded
