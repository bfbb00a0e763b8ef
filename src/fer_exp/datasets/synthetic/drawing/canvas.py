"""Strokes and fills with subpixel precision, and arithmetic on colours.

Points are (n, 2) pixels, x right, y down, pixel centres at whole numbers; colours are three values from 0 to 255.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike

_SHIFT = 4
_SUB = 1 << _SHIFT  # OpenCV takes coordinates as fixed-point numbers

_ANGLES = np.linspace(0, 2 * np.pi, 17)[:-1]
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


def _fixed(points: np.ndarray) -> np.ndarray:
    return (points * _SUB + 0.5).astype(np.int32)[:, None]


def polygon(image: np.ndarray, points: np.ndarray, color: Sequence[float]) -> None:
    """Fill a polygon."""
    cv2.fillPoly(image, [_fixed(points)], color, cv2.LINE_AA, _SHIFT)


def line(image: np.ndarray, points: np.ndarray, color: Sequence[float], width: float, closed: bool = False) -> None:
    """Draw a polyline, `width` pixels wide and at least one."""
    cv2.polylines(image, [_fixed(points)], closed, color, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def disc(image: np.ndarray, centre: np.ndarray, radius: float, color: Sequence[float]) -> None:
    """Fill a circle."""
    x, y = (round(value * _SUB) for value in centre.tolist())
    cv2.circle(image, (x, y), int(radius * _SUB), color, -1, cv2.LINE_AA, _SHIFT)


def ellipse(x: float, y: float, half_width: float, half_height: float) -> np.ndarray:
    """Return (16, 2) points of an ellipse."""
    return _CIRCLE * (half_width, half_height) + (x, y)


def tint(color: Sequence[float] | np.ndarray, factor: float = 1.0, plus: float = 0.0) -> tuple[float, ...]:
    """Return a lighter or darker colour, within 0 to 255."""
    return tuple(min(255.0, max(0.0, float(value) * factor + plus)) for value in color)


def mix(color: ArrayLike, other: ArrayLike, share: float) -> np.ndarray:
    """Return a colour between two; `share` is that of the second."""
    return np.asarray(color) * (1 - share) + np.asarray(other) * share


def scaled(image: np.ndarray, size: int) -> np.ndarray:
    """Return a square picture scaled to another size, bilinear."""
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)


def multiply(image: np.ndarray, layer: np.ndarray) -> None:
    """Multiply a picture by a layer in which 128 stands for 1, in place; the layer may be smaller."""
    cv2.multiply(image, scaled(layer, len(image)), image, 1 / 128)
