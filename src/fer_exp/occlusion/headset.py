"""The front of a headset: a bar over the eyes that is as wide as the face and turns with it."""

from __future__ import annotations

import numpy as np

from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.landmarks import geometry
from fer_exp.occlusion.polygons import rectangle
from fer_exp.occlusion.sampling import Draw


def polygons(landmarks: np.ndarray, cfg: HeadsetConfig, draw: Draw | None = None) -> np.ndarray:
    """Return the four corners of each face's bar, (n, 1, 4, 2) float64 pixels.

    With landmarks l: width |l0 - l16| * cfg.width, height width * cfg.aspect, centre (l36 + l45) / 2, turned by the
    angle of l36 -> l45 (study A: Wernst, "Einfluss von Partial Face Occlusion auf die Erkennungsraten von Deep
    Neural Networks fuer Facial Expression Recognition", HAW Hamburg, 2023). The study's text prints the ratio
    105/224 the other way round; its code and its pictures have this one.

    Args:
        landmarks: (n, 68, 2) pixels, iBUG order, any float type; may lie outside the picture. Faces without
            usable ones (`geometry.usable`) get corners that mean nothing, mostly NaN.
        cfg: width and aspect.
        draw: not used: nothing here is random.
    """
    width = geometry.width(landmarks) * cfg.width
    axis = geometry.eye_axis(landmarks)
    return rectangle(geometry.eye_centre(landmarks), axis, width, width * cfg.aspect)[:, None]
