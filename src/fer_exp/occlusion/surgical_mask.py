"""A surgical mask: the lower face, from the bridge of the nose along the jaw to under the chin."""

from __future__ import annotations

import cv2
import numpy as np

from fer_exp.config.occlusion import SurgicalMaskConfig
from fer_exp.occlusion.sampling import Draw

# iBUG: the jaw without its upper ends, and a point on the bridge of the nose; the outline that MaskTheFace (Anwar and
# Raychowdhury 2020, arXiv 2008.11104) fits its masks to
JAW = tuple(range(1, 16))
NOSE = 28


def polygons(landmarks: np.ndarray, cfg: SurgicalMaskConfig, draw: Draw | None = None) -> np.ndarray:
    """Return the convex hull of jaw points 1 to 15 and nose point 28, (n, 1, 16, 2) float64 pixels.

    A hull with fewer corners repeats its last one.

    Args:
        landmarks: (n, 68, 2) pixels, iBUG order.
        cfg: not used: the landmarks give the whole shape.
        draw: not used: nothing here is random.
    """
    outline = np.ascontiguousarray(landmarks[:, [*JAW, NOSE]], np.float32)
    corners = np.full((len(outline), 1, outline.shape[1], 2), np.nan)
    for row in np.flatnonzero(np.isfinite(outline).all(axis=(1, 2))):
        hull = cv2.convexHull(outline[row])[:, 0]
        corners[row, 0, : len(hull)] = hull
        corners[row, 0, len(hull) :] = hull[-1]
    return corners
