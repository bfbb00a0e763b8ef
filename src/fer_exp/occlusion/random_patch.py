"""A rectangle anywhere on the face: random erasing, kept within the face and turned with it."""

from __future__ import annotations

import numpy as np

from fer_exp.config.occlusion import RandomPatchConfig
from fer_exp.landmarks import geometry
from fer_exp.occlusion.polygons import perpendicular, rectangle
from fer_exp.occlusion.sampling import Draw


def polygons(landmarks: np.ndarray, cfg: RandomPatchConfig, draw: Draw) -> np.ndarray:
    """Return one rectangle for each face, (n, 1, 4, 2) float64 pixels.

    After Zhong et al. 2020 ("Random Erasing Data Augmentation", AAAI, algorithm 1): the area's share is uniform in
    `cfg.area`, the aspect (height by width) uniform in `cfg.aspect`, the position uniform among those where
    the rectangle lies within the face: the box of its landmarks in the direction of its eyes. A side that is longer
    than the box is cut to it. The same face and seed give the same patch.

    Args:
        landmarks: (n, 68, 2) pixels, iBUG order.
        cfg: area and aspect.
        draw: gives four values for each face.
    """
    axis = geometry.eye_axis(landmarks)
    turn = np.stack([axis, perpendicular(axis)], axis=2)  # (n, 2, 2), pixels -> the face's own directions
    upright = landmarks.astype(np.float64) @ turn
    low, high = upright.min(axis=1), upright.max(axis=1)
    box = high - low
    values = draw("patch", 4)
    area = np.prod(box, axis=1) * (cfg.area[0] + values[:, 0] * (cfg.area[1] - cfg.area[0]))
    aspect = cfg.aspect[0] + values[:, 1] * (cfg.aspect[1] - cfg.aspect[0])
    size = np.minimum(np.stack([np.sqrt(area / aspect), np.sqrt(area * aspect)], axis=1), box)
    centre = low + size / 2 + values[:, 2:] * (box - size)
    centre = np.einsum("nij,nj->ni", turn, centre)
    return rectangle(centre, axis, size[:, 0], size[:, 1])[:, None]
