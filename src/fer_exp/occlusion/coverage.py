"""How much of a face an occluder hides."""

from __future__ import annotations

import cv2
import numpy as np

from fer_exp.landmarks import geometry
from fer_exp.occlusion.painting import spans

SIDE = 128  # pixels of the grid on which a face is measured
CHUNK = 512  # faces at once


def covered_share(landmarks: np.ndarray, polygons: np.ndarray) -> np.ndarray:
    """Return the share of each face under its polygons, (n,) float64 in 0..1, NaN without usable landmarks.

    The face is the convex hull of its 68 landmarks: from the brows to the chin, whether inside the picture or not.
    Areas are counted on a grid with the hull's longer side 100 wide.

    Args:
        landmarks: (n, 68, 2) pixels.
        polygons: (n, P, K, 2) pixels of convex polygons, which may overlap.
    """
    shares = np.full(len(landmarks), np.nan)
    measurable = np.flatnonzero(geometry.usable(landmarks) & np.isfinite(polygons).all(axis=(1, 2, 3)))
    for rows in np.array_split(measurable, -(-len(measurable) // CHUNK) or 1):
        points = landmarks[rows].astype(np.float64)
        low, high = points.min(axis=1), points.max(axis=1)
        scale = (100 / (high - low).max(axis=1))[:, None, None]
        offset = ((low + high) / 2)[:, None]
        face = np.zeros((len(rows), SIDE, SIDE), bool)
        hidden = np.zeros_like(face)
        hulls = [cv2.convexHull(p.astype(np.float32))[:, 0] for p in (points - offset) * scale + SIDE / 2]
        corners = max(map(len, hulls), default=1)
        hulls = [np.concatenate([h, np.repeat(h[-1:], corners - len(h), axis=0)]) for h in hulls]
        outlines = (polygons[rows] - offset[:, None]) * scale[:, None] + SIDE / 2
        for mask, shapes in ((face, [np.stack(hulls)] if hulls else []), (hidden, np.moveaxis(outlines, 1, 0))):
            for shape in shapes:
                first, stop = (ends[..., None] for ends in spans(shape, SIDE, SIDE))
                mask |= (np.arange(SIDE) >= first) & (np.arange(SIDE) < stop)
        shares[rows] = (face & hidden).sum(axis=(1, 2)) / np.maximum(face.sum(axis=(1, 2)), 1)
    return shares
