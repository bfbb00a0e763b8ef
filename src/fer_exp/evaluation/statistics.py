"""Plain statistics: of one proportion, of repeats, of two networks, of many p values, of confidence."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats


class Interval(NamedTuple):
    """An interval, both ends included."""

    low: float
    high: float


def wilson(correct: int, n: int, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval of a proportion (Wilson 1927), without continuity correction.

    Raises:
        ValueError: n is 0, or correct is not in 0..n.
    """
    ci = stats.binomtest(correct, n).proportion_ci(confidence, method="wilson")
    return Interval(float(ci.low), float(ci.high))


class Spread(NamedTuple):
    """Mean and sample standard deviation of n repeats; the deviation of one repeat is NaN."""

    mean: float
    deviation: float
    n: int


def spread(values: list[float]) -> Spread:
    """Return mean and sample standard deviation (n - 1) of repeats."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return Spread(float(np.mean(values)), deviation, len(values))


def mcnemar(a: np.ndarray, b: np.ndarray) -> float:
    """Return the exact two-sided p that two classifiers are right equally often, (n,) bool each, the same faces."""
    from statsmodels.stats.contingency_tables import mcnemar as test

    a, b = a.astype(bool), b.astype(bool)
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    return float(min(1.0, test(table, exact=True).pvalue))


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p values for their number (Holm 1979), in the order given, (m,) float64."""
    order = np.argsort(p)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(np.asarray(p)[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected


class Reliability(NamedTuple):
    """Calibration of the predicted class: per non-empty bin of confidence, and the expected calibration error."""

    confidence: np.ndarray  # (bins,) mean confidence
    accuracy: np.ndarray  # (bins,)
    counts: np.ndarray  # (bins,) faces
    error: float


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> Reliability:
    """Compare confidence and accuracy in bins of equal width; their mean distance is the ECE (Guo et al. 2017, eq. 3).

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) int.
        bins: between 0 and 1; a confidence on an edge belongs to the bin below it.
    """
    confidence = probabilities.max(1).astype(np.float64)
    correct = probabilities.argmax(1) == labels
    bin_of_face = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(bin_of_face, minlength=bins)
    filled = counts > 0

    def bin_means(values: np.ndarray) -> np.ndarray:
        return np.bincount(bin_of_face, values, bins)[filled] / counts[filled]

    confidences, accuracies = bin_means(confidence), bin_means(correct.astype(np.float64))
    error = float((counts[filled] * np.abs(confidences - accuracies)).sum() / len(labels))
    return Reliability(confidences, accuracies, counts[filled], error)
