"""Faces and rectangles in the plane of a picture.

Coordinates are pixels, x right and y down, with pixel centres at whole numbers: a picture of width w spans
x from -0.5 to w - 0.5. Landmarks are the 68 points of iBUG 300-W (Sagonas et al., "300 Faces in-the-Wild
Challenge", ICCV Workshops 2013), counted from 0.
"""

from __future__ import annotations

import numpy as np

JAW_LEFT, JAW_RIGHT = 0, 16  # ends of the jaw line; left and right as the viewer of an upright face sees them
EYE_LEFT, EYE_RIGHT = 36, 45  # outer corners of the eyes

MIN_WIDTH = 2.0  # pixels; a narrower face shows no expression and its landmarks are a detector's failure
MIN_EYES = 0.5  # pixels; closer eye corners have no direction worth the name

# An upright face in units of its width |l0 - l16|, the point midway between the outer corners of the eyes at
# (0, 0): medians of the landmarks of 10 600 nearly frontal FER2013 faces, turned upright and made symmetrical.
# fmt: off
AVERAGE_FACE = np.array([
    # jaw, from the viewer's left ear to the right
    (-0.50, 0.00), (-0.49, 0.09), (-0.48, 0.19), (-0.44, 0.41), (-0.39, 0.51), (-0.34, 0.58),
    (-0.22, 0.68), (-0.09, 0.75), (0.00, 0.76), (0.09, 0.75), (0.22, 0.68), (0.34, 0.58),
    (0.39, 0.51), (0.44, 0.41), (0.48, 0.19), (0.49, 0.09), (0.50, 0.00),
    # brows
    (-0.45, -0.14), (-0.38, -0.15), (-0.31, -0.17), (-0.22, -0.17), (-0.12, -0.15), (0.12, -0.15),
    (0.22, -0.17), (0.31, -0.17), (0.38, -0.15), (0.45, -0.14),
    # nose
    (0.00, -0.02), (0.00, 0.10), (0.00, 0.20), (0.00, 0.26), (-0.10, 0.32), (-0.06, 0.34),
    (0.00, 0.34), (0.06, 0.34), (0.10, 0.32),
    # eyes
    (-0.34, 0.00), (-0.29, -0.02), (-0.21, -0.03), (-0.13, 0.02), (-0.20, 0.03), (-0.27, 0.03),
    (0.13, 0.02), (0.21, -0.03), (0.29, -0.02), (0.34, 0.00), (0.27, 0.03), (0.20, 0.03),
    # mouth
    (-0.19, 0.48), (-0.12, 0.45), (-0.06, 0.44), (0.00, 0.44), (0.06, 0.44), (0.12, 0.45),
    (0.19, 0.48), (0.11, 0.56), (0.06, 0.58), (0.00, 0.59), (-0.06, 0.58), (-0.11, 0.56),
    (-0.16, 0.48), (-0.04, 0.48), (0.00, 0.48), (0.04, 0.48), (0.16, 0.48), (0.05, 0.52),
    (0.00, 0.52), (-0.05, 0.52),
])
# fmt: on
AVERAGE_FACE.flags.writeable = False


def width(landmarks: np.ndarray) -> np.ndarray:
    """Return the width |l0 - l16| of faces (n, 68, 2) in pixels, (n,) float64."""
    widths: np.ndarray = np.linalg.norm(_vector(landmarks, JAW_LEFT, JAW_RIGHT), axis=1)
    return widths


def eye_centre(landmarks: np.ndarray) -> np.ndarray:
    """Return the point midway between the outer corners of the eyes of faces (n, 68, 2), (n, 2) float64."""
    return landmarks[:, EYE_LEFT].astype(np.float64) + _vector(landmarks, EYE_LEFT, EYE_RIGHT) / 2


def eye_axis(landmarks: np.ndarray) -> np.ndarray:
    """Return the unit vector from left to right eye of faces (n, 68, 2), (n, 2) float64; NaN where they coincide."""
    eyes = _vector(landmarks, EYE_LEFT, EYE_RIGHT)
    axis: np.ndarray = eyes / np.linalg.norm(eyes, axis=1, keepdims=True)
    return axis


def usable(landmarks: np.ndarray) -> np.ndarray:
    """Return which faces (n, 68, 2) have landmarks that an occluder can be placed by, (n,) bool.

    Such landmarks are finite, of a face at least `MIN_WIDTH` wide, with eye corners at least `MIN_EYES` apart. They may
    lie outside the picture.
    """
    with np.errstate(invalid="ignore"):
        eyes = np.linalg.norm(_vector(landmarks, EYE_LEFT, EYE_RIGHT), axis=1)
        finite = np.isfinite(landmarks).all(axis=(1, 2))
        is_usable: np.ndarray = finite & (width(landmarks) >= MIN_WIDTH) & (eyes >= MIN_EYES)
    return is_usable


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return intersection over union of boxes (k, 4) and (t, 4), edges left, top, right, bottom; (k, t) float64."""
    low, high = np.maximum(a[:, None, :2], b[:, :2]), np.minimum(a[:, None, 2:], b[:, 2:])
    inner = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    shares: np.ndarray = inner / (areas[0][:, None] + areas[1] - inner)
    return shares


def _vector(landmarks: np.ndarray, start: int, end: int) -> np.ndarray:
    # Points are picked before they are converted: a table of 300 000 faces in float64 would take 300 MB.
    return landmarks[:, end].astype(np.float64) - landmarks[:, start].astype(np.float64)
