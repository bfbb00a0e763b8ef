"""Smooth curves through a few control points."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def smooth(points: np.ndarray, per: int, closed: bool = False) -> np.ndarray:
    """Return a Catmull-Rom curve through (n, d) points, `per` samples a segment; open curves end at the last point."""
    points = np.asarray(points, float)
    curve: np.ndarray = _weights(len(points), per, closed) @ points
    return curve


@lru_cache(maxsize=256)
def _weights(n: int, per: int, closed: bool) -> np.ndarray:
    """Return the (samples, n) matrix that takes control points to the curve."""
    t = np.arange(per) / per
    # Columns: weights of the points before, at, after and two after the segment's start.
    basis = np.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], axis=1) / 2
    segments = n if closed else n - 1
    weights = np.zeros((segments * per + (not closed), n))
    for segment in range(segments):
        rows = slice(segment * per, (segment + 1) * per)
        for offset in range(4):
            point = segment + offset - 1
            weights[rows, point % n if closed else min(max(point, 0), n - 1)] += basis[:, offset]
    if not closed:
        weights[-1, -1] = 1
    return weights
