"""The lips' contours, moved by the action units of the lower face. Units and axes as in `shape`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_exp.datasets.synthetic.actions import Actions
from fer_exp.datasets.synthetic.identity import Identity

_WIDTH, _HEIGHT = 0.355, 0.965  # corner's distance from the middle, and its y, of a mouth at rest


@dataclass(frozen=True)
class Lips:
    """Contours of the lips.

    Attributes:
        outer: (12, 2) clockwise from the image's left corner (iBUG 48 to 59).
        inner: (8, 2) likewise (iBUG 60 to 67).
        gap: distance between the lips, 0 where they touch.
    """

    outer: np.ndarray
    inner: np.ndarray
    gap: float

    @property
    def bottom(self) -> float:
        """Return y of the lower lip's lowest point."""
        return float(self.outer[9, 1])


@dataclass(frozen=True)
class _Middle:
    """What both sides of the mouth share: heights (y) on the midline, and the lips' thickness."""

    raised: float
    upper: float
    lower: float
    upper_thickness: float
    lower_thickness: float


def mouth_gap(au: dict[int, float]) -> float:
    """Return the distance between the lips: parted (25), with the jaw dropped (26) or the mouth stretched (27)."""
    return 0.075 * au[25] + 0.18 * au[26] + 0.27 * au[27]


def lips(person: Identity, actions: Actions, gap: float) -> Lips:
    """Return the lips of this person showing these action units."""
    middle = _middle(person, actions, gap)
    left = _half(person, actions.left, middle, gap) * (-1, 1)
    right = _half(person, actions.right, middle, gap)
    corner, upper, bow, low_side, low_mid, in_corner, in_upper, in_lower = range(8)
    top = (0, middle.upper - middle.upper_thickness)
    bottom = (0, middle.lower + middle.lower_thickness - 0.007 * actions.mean[17])
    outer = [
        *[left[corner], left[upper], left[bow], top, right[bow], right[upper], right[corner]],
        *[right[low_side], right[low_mid], bottom, left[low_mid], left[low_side]],
    ]
    inner = [
        *[left[in_corner], left[in_upper], (0, middle.upper), right[in_upper]],
        *[right[in_corner], right[in_lower], (0, middle.lower), left[in_lower]],
    ]
    return Lips(np.array(outer), np.array(inner), gap)


def _middle(person: Identity, actions: Actions, gap: float) -> _Middle:
    au = actions.mean
    raised = (_raised(actions.left) + _raised(actions.right)) / 2
    thickness = person.lip_fullness * (1 - 0.45 * au[23]) * (1 - 0.55 * au[24]) * (1 - 0.25 * au[20])
    upper = _HEIGHT + person.mouth_y - 0.006 - 0.0375 * au[17] - 0.7 * raised
    return _Middle(
        raised=raised,
        upper=upper,
        lower=upper + max(gap, 0.002) + (0.012 if gap > 0.01 else 0),
        upper_thickness=0.062 * thickness * (1 - 0.25 * au[12]),
        lower_thickness=0.092 * thickness * (1 - 0.20 * au[12]),
    )


def _raised(au: dict[int, float]) -> float:
    """Return how far the upper lip is lifted on one side."""
    return 0.075 * au[10] + 0.035 * au[9] + 0.012 * au[12]


def _corner(person: Identity, au: dict[int, float], gap: float) -> tuple[float, float]:
    outwards = 0.125 * au[12] + 0.135 * au[20] + 0.020 * au[14] + 0.010 * au[15]
    inwards = 0.070 * au[27] + 0.020 * au[26] + 0.030 * au[23] + 0.010 * au[24]
    down = 0.105 * au[15] + 0.025 * au[20] + 0.35 * gap + person.mouth_corner
    up = 0.135 * au[12] + 0.018 * au[14] + 0.020 * au[10] + 0.020
    return _WIDTH * person.mouth_width + outwards - inwards, _HEIGHT + person.mouth_y + down - up


def _half(person: Identity, au: dict[int, float], middle: _Middle, gap: float) -> np.ndarray:
    """Return (8, 2) points of the right half: outer corner, upper, bow, lower side, lower middle; then inner ones."""
    x, y = _corner(person, au, gap)
    higher = _raised(au) - middle.raised
    upper, lower = middle.upper, middle.lower
    return np.array(
        [
            (x, y),
            (0.60 * x, 0.60 * (upper - 0.98 * middle.upper_thickness) + 0.40 * (y - 0.01) - 0.8 * higher - 0.012),
            (0.085 * x / _WIDTH, upper - 1.22 * middle.upper_thickness - higher),
            (0.70 * x, 0.52 * (lower + middle.lower_thickness) + 0.48 * y + 0.012),
            (0.36 * x, 0.86 * lower + 0.14 * y + 0.97 * middle.lower_thickness),
            (x - 0.022, y),
            (0.45 * x, 0.70 * upper + 0.30 * y),
            (0.45 * x, 0.72 * lower + 0.28 * y),
        ]
    )
