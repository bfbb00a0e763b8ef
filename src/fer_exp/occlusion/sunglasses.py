"""Sunglasses: a lens before each eye and the bridge between them."""

from __future__ import annotations

import numpy as np

from fer_exp.config.occlusion import SunglassesConfig
from fer_exp.landmarks import geometry
from fer_exp.occlusion.polygons import perpendicular, rectangle
from fer_exp.occlusion.sampling import Draw

EYES = (slice(36, 42), slice(42, 48))  # iBUG: six points around each eye
# a lens in units of half its width and half its height: a rectangle with its corners cut, an octagon
LENS = np.array([(-1, -0.5), (-0.6, -1), (0.6, -1), (1, -0.5), (1, 0.3), (0.6, 1), (-0.6, 1), (-1, 0.3)])


def polygons(landmarks: np.ndarray, cfg: SunglassesConfig, draw: Draw | None = None) -> np.ndarray:
    """Return two lenses and a bridge, (n, 3, 8, 2) float64 pixels; each corner of the bridge is given twice.

    A lens lies around the mean of its eye's six points and turns with the eyes. Sizes are in widths of the face,
    |l0 - l16|.

    Args:
        landmarks: (n, 68, 2) pixels, iBUG order.
        cfg: width and height of a lens, height of the bridge.
        draw: not used: nothing here is random.
    """
    unit, axis = geometry.width(landmarks), geometry.eye_axis(landmarks)
    frame = unit[:, None, None] * np.stack([axis, perpendicular(axis)], axis=1)  # (n, 2, 2)
    centres = [landmarks[:, eye].astype(np.float64).mean(axis=1) for eye in EYES]
    half = np.array([cfg.width, cfg.height]) / 2
    lenses = [centre[:, None] + (LENS * half) @ frame for centre in centres]
    middle, distance = (centres[0] + centres[1]) / 2, np.linalg.norm(centres[1] - centres[0], axis=1)
    bridge = rectangle(middle, axis, np.maximum(distance - cfg.width * unit, 0), unit * cfg.bridge)
    return np.stack([*lenses, np.repeat(bridge, 2, axis=1)], axis=1)
