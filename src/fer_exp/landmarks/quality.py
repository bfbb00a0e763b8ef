"""Which landmarks belong to a face: a network finds some in every picture, even in one of a wall."""

from __future__ import annotations

import numpy as np

from fer_exp.landmarks.geometry import AVERAGE_FACE, usable

MEASURES = ("drift", "asymmetry", "misfit", "flatness")
# The largest plausible value of each, in the order of MEASURES. Of real faces 5 in 100 lie above the first two, of
# other pictures 1 in 100 below (docs/landmarks.md); the last two catch answers that agree but show no face.
LIMITS = np.array([0.1, 0.1, 0.2, 1 / 8])
REASONS = (
    "the landmarks moved when looked for again around the face",
    "the landmarks of the mirrored picture differ",
    "the landmarks do not have the shape of a face",
    "the picture is all but blank where the face would be",
)
NOTHING = "no face found"


def measure(first: np.ndarray, straight: np.ndarray, mirrored: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Measure how far landmarks contradict each other and an average face.

    Args:
        first: (n, 68, 2) pixels of the upright picture, found in the whole picture or a face box.
        straight: (n, 68, 2) found again in the square around `first`.
        mirrored: (n, 68, 2) found again in the mirror image of that square, mirrored back.
        contrast: (n,) standard deviation of that square's pixels, in 0..255.

    Returns:
        (n, 4) float32, the less the better; inf where a face has no size. The face is the mean of `straight` and
        `mirrored`, its width that of geometry.AVERAGE_FACE fitted by the best similarity transform. In that width:
        drift: mean distance between `first` and the face.
        asymmetry: mean distance between `straight` and `mirrored`.
        misfit: root mean square distance to the average face.
        And flatness: 1 / contrast, since on black the network finds an average face every time.
    """
    faces = (straight.astype(np.float64) + mirrored) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        width, misfit = _fit(faces)
        drift = np.linalg.norm(first - faces, axis=2).mean(1)
        asymmetry = np.linalg.norm(straight - mirrored.astype(np.float64), axis=2).mean(1)
        measures = np.stack([drift / width, asymmetry / width, misfit / width, 1 / contrast], 1)
    measures[~usable(faces) | ~np.isfinite(measures).all(1)] = np.inf
    return measures.astype(np.float32)


def judge(measures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a score and, where it is too low, the reason.

    Args:
        measures: (n, 4) as `measure` returns them; NaN rows where nothing was found.

    Returns:
        score: (n,) float32 in 0..1; a face is plausible from 0.5. It is 1 / (1 + w), where w is the worst measure in
            units of its limit; 0 where nothing was found.
        reason: (n,) str in words, "" where plausible.
    """
    ratios = measures / LIMITS
    nothing = ~np.isfinite(ratios).all(1)
    worst = np.where(nothing[:, None], 0, ratios).argmax(1)
    excess = np.take_along_axis(ratios, worst[:, None], 1)[:, 0]
    score = np.where(nothing, 0, 1 / (1 + np.where(nothing, 0, excess))).astype(np.float32)
    reason = np.where(score >= 0.5, "", np.array(REASONS)[worst])
    return score, np.where(nothing, NOTHING, reason)


def _fit(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit the average face, turned, scaled and moved, to each face; return its width and distance, (n,) pixels."""
    shape = (AVERAGE_FACE - AVERAGE_FACE.mean(0)) @ (1, 1j)
    faces = (points - points.mean(1, keepdims=True)) @ (1, 1j)
    factor = faces @ shape.conj() / np.sum(np.abs(shape) ** 2)
    return np.abs(factor), np.sqrt(np.mean(np.abs(faces - factor[:, None] * shape) ** 2, axis=1))
