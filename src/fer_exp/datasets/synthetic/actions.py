"""Which facial action units show an expression, and how strongly on one face.

An action unit (AU) is the visible effect of one muscle or a few, as the Facial Action Coding System (FACS) numbers
them. EXPRESSIONS gives each class its action units with the probability that a face shows them and the mean
intensity where it does, on a scale of 0 (none) to 1 (FACS level E, the maximum).

Sources
    FACS    Ekman, Friesen & Hager (2002), FACS Investigator's Guide, Table 10-1; Ekman & Friesen (1978), Table 11-1.
    EMFACS  Friesen & Ekman (1983), EMFACS-7 (unpublished; quoted by its usual summary).
    D14     Du, Tao & Martinez (2014), PNAS 111(15) E1454, Table 1: units that over 70 % of 230 posers show
            ("consistent"), and shares for the others.
    CK+     Lucey et al. (2010), CVPR Workshops: the criteria for an emotion label.
    EF86    Ekman & Friesen (1986), Motivation and Emotion 10, 159-168.

Class by class, what is supported and what is our choice
    happiness  12 is necessary (CK+), 6+12 the prototype (FACS), 12+25 consistent and 6 at 51 % (D14). Ours: 6 more
               often than posed, and occasionally 7, 10, 26.
    sadness    1+4+15 (FACS, EMFACS, CK+), the variant 6+15 (CK+); 4, 15 consistent, 17 at 67 %, 1 at 60 %, 6 at
               50 % (D14). 11 (CK+; 26 % in D14) is not drawn. Ours: 25, and 43 for the drooping lid.
    surprise   1+2+5B+26 or 27 (FACS): 5 is slight, stronger than B speaks against surprise (CK+). 1, 2, 25, 26
               consistent, 5 at 66 % (D14). Ours: 5 is drawn stronger than B, to be seen at 64 pixels, but weaker
               than fear's.
    fear       1+2+4+5+20+25 or 26 (FACS), 1+2+4 (CK+); 1, 4, 20, 25 consistent, 5 at 63 %, 2 at 57 %, 26 at 33 %
               (D14); 7 from EMFACS. Ours: 5 more often than posed.
    disgust    9 or 10 is necessary (FACS, CK+), 17 goes with either; 9, 10, 17 consistent, 4 at 31 %, 24 at 26 %
               (D14); 15 with 9 from EMFACS. Ours: 6 and 7 (raising the nose's skin narrows the eye), 25.
    anger      4+5+7+23 or 24 (FACS, EMFACS), 23 and 24 (CK+); 4, 7, 24 consistent, 17 at 52 %, 23 at 29 %, 10 at
               26 % (D14); 25 and 26 from the open-mouthed FACS variants. Ours: 9.
    contempt   14 on one side or both is necessary (CK+), 12+14 on one side (EMFACS): one corner of the lips tightened
               and raised (EF86). Ours: 10, the lifted outer brow 2 and the lowered lid 43.

Every intensity, the spread between faces, and the probabilities where no share is quoted are our choices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_exp.datasets.synthetic.classes import CLASSES, CONFUSION

ACTION_UNITS = {
    1: "inner brow raiser",
    2: "outer brow raiser",
    4: "brow lowerer",
    5: "upper lid raiser",
    6: "cheek raiser",
    7: "lid tightener",
    9: "nose wrinkler",
    10: "upper lip raiser",
    12: "lip corner puller",
    14: "dimpler",
    15: "lip corner depressor",
    17: "chin raiser",
    20: "lip stretcher",
    23: "lip tightener",
    24: "lip pressor",
    25: "lips part",
    26: "jaw drop",
    27: "mouth stretch",
    43: "eye closure",
}
"""The action units that are drawn, by their FACS names."""

EXPRESSIONS: dict[str, dict[int, tuple[float, float]]] = {
    "neutral": {},
    "happiness": {
        12: (1, 0.70),
        6: (0.75, 0.60),
        25: (0.70, 0.55),
        26: (0.20, 0.45),
        7: (0.20, 0.30),
        10: (0.10, 0.30),
    },
    "sadness": {
        **{1: (0.75, 0.65), 4: (0.75, 0.50), 15: (0.85, 0.65), 17: (0.60, 0.50)},
        **{6: (0.30, 0.35), 43: (0.35, 0.40), 25: (0.10, 0.30)},
    },
    "surprise": {
        1: (0.90, 0.75),
        2: (0.90, 0.75),
        5: (0.75, 0.50),
        25: (0.90, 0.55),
        26: (0.75, 0.65),
        27: (0.25, 0.55),
    },
    "fear": {
        **{1: (0.85, 0.70), 2: (0.60, 0.50), 4: (0.75, 0.50), 5: (0.80, 0.75), 7: (0.35, 0.40)},
        **{20: (0.80, 0.65), 25: (0.85, 0.55), 26: (0.40, 0.50)},
    },
    "disgust": {
        **{9: (0.80, 0.75), 10: (0.75, 0.65), 17: (0.65, 0.50), 15: (0.30, 0.40), 4: (0.40, 0.45)},
        **{24: (0.20, 0.40), 6: (0.25, 0.35), 7: (0.45, 0.45), 25: (0.30, 0.40)},
    },
    "anger": {
        **{4: (0.95, 0.75), 7: (0.75, 0.60), 5: (0.45, 0.50), 24: (0.65, 0.60), 23: (0.50, 0.65), 17: (0.45, 0.45)},
        **{10: (0.25, 0.50), 25: (0.25, 0.60), 26: (0.12, 0.50), 9: (0.12, 0.40)},
    },
    "contempt": {14: (1, 0.70), 12: (0.75, 0.50), 10: (0.20, 0.35), 2: (0.15, 0.40), 43: (0.25, 0.25)},
}
"""class -> {action unit: (probability, mean intensity)}."""

_CODES = tuple(ACTION_UNITS)
_ROW = {code: row for row, code in enumerate(_CODES)}
_ONE_SIDED = [_ROW[code] for code in (2, 10, 12, 14)]  # in contempt
_MIDLINE = [_ROW[code] for code in (25, 26, 27)]
STRONGEST = 1.1


@dataclass(frozen=True)
class Actions:
    """Action units of one face, each an intensity from 0 (none) to 1.1.

    Attributes:
        left, right: {code: intensity} on the image's left and right side.
        mean: {code: intensity}, the mean of both sides.
    """

    left: dict[int, float]
    right: dict[int, float]
    mean: dict[int, float]

    @classmethod
    def of(cls, values: np.ndarray) -> Actions:
        """Make Actions from (19, 2) intensities: rows as ACTION_UNITS, columns the image's left and right side."""
        columns = (*values.T, values.mean(axis=1))
        return cls(*(dict(zip(_CODES, column.tolist(), strict=True)) for column in columns))


def sample(
    rng: np.random.Generator, expression: str, *, intensity: float, spread: float, idle: float, blend: float
) -> Actions:
    """Draw the action units of one face.

    Args:
        expression: one of CLASSES.
        intensity: factor on the class's action units.
        spread: standard deviation of the logarithm of a face's own factor.
        idle: strength of action units that have nothing to do with the class.
        blend: probability that a second class, one that it is confused with, is mixed in.
    """
    gain = intensity * np.exp(rng.normal(0, spread))
    values = _shown(rng, expression, gain)
    if rng.random() < blend:
        other = rng.choice(CLASSES, p=CONFUSION[CLASSES.index(expression)])
        weight = rng.uniform(0.2, 0.5)
        values = values * (1 - 0.8 * weight) + weight * _shown(rng, str(other), gain)
    idling = rng.random(len(_CODES)) < 0.18
    values += (idling * np.abs(rng.normal(0, idle, len(_CODES))))[:, None]
    values *= 1 + rng.normal(0, 0.08, values.shape)  # no face is symmetric
    return Actions.of(_possible(values))


def _shown(rng: np.random.Generator, expression: str, gain: float) -> np.ndarray:
    """Draw the (19, 2) intensities of one class on one face."""
    values = np.zeros(len(_CODES))
    draws, strength = rng.random((2, len(_CODES)))
    for code, (probability, mean) in EXPRESSIONS[expression].items():
        row = _ROW[code]
        if draws[row] < probability:
            values[row] = gain * mean * (0.6 + 0.8 * strength[row])
    sides = np.stack([values, values], axis=1)
    if expression == "contempt":
        weak = rng.random() * 0.35
        sides[_ONE_SIDED, int(rng.random() < 0.5)] *= weak
    return sides


def _possible(values: np.ndarray) -> np.ndarray:
    """Return the nearest that a face can do: a dropped jaw parts the lips, which are either parted or pressed."""
    values[_MIDLINE] = values[_MIDLINE].mean(axis=1, keepdims=True)
    parted, jaw, stretched, pressed = (values[_ROW[code]] for code in (25, 26, 27, 24))
    np.maximum(parted, 0.7 * np.maximum(jaw, stretched), out=parted)
    if pressed.mean() > parted.mean():
        values[_MIDLINE] = 0
    else:
        pressed[:] = 0
    clipped: np.ndarray = np.clip(values, 0, STRONGEST)
    return clipped
