"""The 68 landmarks of a face in three dimensions, moved by its action units.

Units: half the mean face width is 1; x to the image's right, y down from the line of the eyes, z towards the camera.
Every displacement per action unit is our choice, made by eye; its direction is that of the FACS description.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fer_exp.datasets.synthetic.actions import Actions
from fer_exp.datasets.synthetic.identity import Identity
from fer_exp.datasets.synthetic.mouth import Lips, lips, mouth_gap

_HALF_JAW = [
    (1.0, 0.02),
    (0.975, 0.30),
    (0.92, 0.57),
    (0.83, 0.84),
    (0.70, 1.08),
    (0.53, 1.28),
    (0.35, 1.42),
    (0.17, 1.49),
]
_JAW = np.array([(-x, y) for x, y in _HALF_JAW] + [(0, 1.51)] + _HALF_JAW[::-1])

# From the inner to the outer end of the image's right brow, and how much each action unit moves each point.
_BROW = np.array([(0.18, -0.315), (0.31, -0.362), (0.46, -0.378), (0.61, -0.352), (0.75, -0.275)])
_BROW_TILT = np.array([-1, -0.5, 0, 0.5, 1])
_BROW_ARCH = np.array([0, 0.5, 1, 0.6, 0])
_INNER_RAISE = np.array([1, 0.75, 0.35, 0.1, 0])
_OUTER_RAISE = np.array([0, 0.2, 0.65, 1, 0.95])
_LOWER = np.array([1, 0.85, 0.55, 0.25, 0.1])
_DRAW_TOGETHER = np.array([1, 0.8, 0.5, 0.2, 0])

EYE_X, EYE_HALF_WIDTH = 0.425, 0.168


@dataclass(frozen=True)
class Shape:
    """Control points of a face; the 68 landmarks in iBUG order are `landmarks`.

    Attributes:
        jaw: (17, 3) from the image's left ear over the chin to the right ear.
        left_brow, right_brow: (5, 3) each, both from left to right in the image.
        bridge, nostrils: (4, 3) downwards and (5, 3) from left to right.
        left_eye, right_eye: (6, 3) clockwise from the image's left corner.
        lips: outer and inner contour, and what shades the mouth.
        jaw_drop: how far the jaw has fallen.
    """

    jaw: np.ndarray
    left_brow: np.ndarray
    right_brow: np.ndarray
    bridge: np.ndarray
    nostrils: np.ndarray
    left_eye: np.ndarray
    right_eye: np.ndarray
    lips: Lips
    jaw_drop: float

    @property
    def landmarks(self) -> np.ndarray:
        """Return (68, 3) in iBUG order (Sagonas et al., 2013, ICCV Workshops: the 300-W mark-up)."""
        brows_nose = (self.left_brow, self.right_brow, self.bridge, self.nostrils)
        return np.concatenate(
            [self.jaw, *brows_nose, self.left_eye, self.right_eye, on_face(self.lips.outer), on_face(self.lips.inner)]
        )


def at_depth(points: ArrayLike, z: float | np.ndarray) -> np.ndarray:
    """Return (n, 2) points at a depth, one for all or (n,), as (n, 3)."""
    points = np.asarray(points, float)
    solid = np.empty((len(points), 3))
    solid[:, :2] = points
    solid[:, 2] = z
    return solid


def on_face(points: ArrayLike) -> np.ndarray:
    """Return (n, 2) points on the front of the head, an ellipsoid, as (n, 3)."""
    points = np.asarray(points, float)
    x, y = points[:, 0] / 1.1, (points[:, 1] - 0.3) / 1.5
    return at_depth(points, 0.95 * np.sqrt(np.maximum(0.02, 1 - x * x - 0.5 * y * y)))


def shape(person: Identity, actions: Actions) -> Shape:
    """Return the face of this person showing these action units."""
    au = actions.mean
    jaw_drop = 0.15 * au[26] + 0.25 * au[27]
    bridge, nostrils = _nose(person, au)
    return Shape(
        jaw=_jaw(person, au, jaw_drop),
        left_brow=on_face(_mirrored(_brow(person, actions.left))[::-1]),
        right_brow=on_face(_brow(person, actions.right)),
        bridge=bridge,
        nostrils=nostrils,
        left_eye=on_face(_mirrored(_eye(person, actions.left))[[3, 2, 1, 0, 5, 4]]),
        right_eye=on_face(_eye(person, actions.right)),
        lips=lips(person, actions, mouth_gap(au)),
        jaw_drop=jaw_drop,
    )


def _mirrored(points: np.ndarray) -> np.ndarray:
    return points * (-1, 1)


def _jaw(person: Identity, au: dict[int, float], drop: float) -> np.ndarray:
    points = _JAW.copy()
    down = np.clip(points[:, 1] - 0.5, 0, 1)
    points[:, 0] *= person.face_width * (1 + person.jaw * np.sin(down * np.pi)) * (1 - 0.05 * down * au[27])
    points[:, 1] += down**1.5 * (drop + person.chin - 0.03 * au[17])
    return at_depth(points, 0.62 * (1 - np.abs(_JAW[:, 0])) ** 0.7 - 0.12)


def _brow(person: Identity, au: dict[int, float]) -> np.ndarray:
    """Return the (5, 2) brow of the image's right side, from the inner end."""
    points = _BROW.copy()
    points[:, 0] -= 0.055 * au[4] * _DRAW_TOGETHER
    points[:, 1] += person.brow_y + person.brow_tilt * _BROW_TILT - person.brow_arch * _BROW_ARCH
    points[:, 1] -= 0.135 * au[1] * _INNER_RAISE + 0.15 * au[2] * _OUTER_RAISE
    points[:, 1] += (0.115 * au[4] + 0.05 * au[9]) * _LOWER + 0.02 * au[6] * _OUTER_RAISE
    return points


def _eye(person: Identity, au: dict[int, float]) -> np.ndarray:
    """Return the (6, 2) eye of the image's right side: inner corner, upper lid, outer corner, lower lid."""
    scale, centre = person.eye_scale, EYE_X + person.eye_x
    narrowing = 0.030 * au[7] + 0.022 * au[6] + 0.075 * au[43] + 0.012 * (au[9] + au[4])
    upper = max((0.098 + person.eye_opening) * scale + 0.062 * au[5] - narrowing, 0.012)
    raised = 0.032 * au[7] + 0.034 * au[6] + 0.018 * au[9]
    lower = max((0.058 + 0.3 * person.eye_opening) * scale + 0.010 * au[5] - raised, 0.008)
    half = EYE_HALF_WIDTH * scale
    inner = np.array([centre - half, 0.022 - 0.6 * person.eye_tilt + 0.01 * au[4]])
    outer = np.array([centre + half, -0.004 + person.eye_tilt])

    def between(share: float, down: float) -> np.ndarray:
        return inner * (1 - share) + outer * share + (0, down)

    return np.stack(
        [
            *[inner, between(0.30, -0.93 * upper), between(0.68, -upper)],
            *[outer, between(0.70, 0.92 * lower), between(0.32, lower)],
        ]
    )


def _nose(person: Identity, au: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the (4, 3) bridge and the (5, 3) nostrils."""
    longer, raised = person.nose_length, -0.045 * au[9] - 0.012 * au[10]
    wing = 0.185 * person.nose_width * (1 + 0.10 * au[9] + 0.06 * au[12])
    bridge = [
        *[(0, -0.03, 0.92), (0, 0.13, 1.0)],
        *[(0, 0.29 + 0.5 * longer, 1.10), (0, 0.45 + longer + 0.6 * raised, 1.2)],
    ]
    side, half, tip = 0.585 + longer + raised, 0.622 + longer + raised, 0.64 + longer + 0.8 * raised
    nostrils = [
        *[(-wing, side, 0.88), (-wing / 2, half, 0.96), (0, tip, 1.02)],
        *[(wing / 2, half, 0.96), (wing, side, 0.88)],
    ]
    return np.array(bridge), np.array(nostrils)
