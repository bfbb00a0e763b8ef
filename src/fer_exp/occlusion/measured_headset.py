"""A headset measured in millimetres, on a face of known breadth."""

from __future__ import annotations

import numpy as np

from fer_exp.config.occlusion import MeasuredHeadsetConfig
from fer_exp.landmarks import geometry
from fer_exp.occlusion.polygons import rectangle
from fer_exp.occlusion.sampling import Draw


def polygons(landmarks: np.ndarray, cfg: MeasuredHeadsetConfig, draw: Draw | None = None) -> np.ndarray:
    """Return the headset's front as a rectangle over the eyes, (n, 1, 4, 2) float64 pixels.

    |l0 - l16| of the landmarks stands for a face `cfg.face_mm` broad, which gives the millimetres per pixel of each
    face. Centre and angle are as in fer_exp.occlusion.headset.

    Args:
        landmarks: (n, 68, 2) pixels, iBUG order.
        cfg: width_mm, height_mm, face_mm.
        draw: not used: nothing here is random.
    """
    millimetre = geometry.width(landmarks) / cfg.face_mm
    centre, axis = geometry.eye_centre(landmarks), geometry.eye_axis(landmarks)
    return rectangle(centre, axis, millimetre * cfg.width_mm, millimetre * cfg.height_mm)[:, None]
