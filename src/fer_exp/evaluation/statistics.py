"""Intervals, tests of differences, and means over repeats."""

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


class Difference(NamedTuple):
    """a - b on the same faces: value, 95 % interval, two-sided p."""

    value: float
    interval: Interval
    p: float


DRAWS = 10_000


def hierarchical(correct: np.ndarray, seed: int = 0, draws: int = DRAWS) -> np.ndarray:
    """Bootstrap the mean accuracy over faces and training seeds; return the draws, (draws,) float64.

    Faces and seeds are crossed: every seed is tested on the same faces. Each draw resamples the faces, the same ones
    for all seeds, and adds a resample of the seeds' deviations from their mean. These are rescaled first so that their
    variance is that of the seeds alone (Davison and Hinkley 1997, section 3.8): what two-way analysis of variance
    leaves of it once the chance of single faces is taken out. Few seeds estimate that variance badly: the draws are
    widened by Student's t with the degrees of freedom of Satterthwaite (1946) for the sum of both. Where no variance is
    left, and for one seed, which says nothing about others, the draws are over faces alone.

    Args:
        correct: (S, n) bool or 0/1, a row per seed, a column per face.
        seed: seed of the draws.
        draws: how many draws.

    Raises:
        ValueError: there are no faces or no seeds.
    """
    return _resample([(correct, 1)], seed, draws)


def _resample(parts: list[tuple[np.ndarray, int]], seed: int, draws: int, cautious: bool = False) -> np.ndarray:
    """Return draws of a sum of means, each times its sign, of matrices (S, n) over the same faces; see `hierarchical`.

    The seeds of different matrices are drawn independently, the faces are the same for all. `cautious` widens for few
    seeds even where no variance between them is seen.
    """
    rng = np.random.default_rng(seed)
    values = np.concatenate([matrix for matrix, _ in parts]).astype(np.int8)
    if not values.size:
        raise ValueError("no predictions to resample")
    # faces on which all rows have the same values are exchangeable: their counts are drawn, not the faces
    n = values.shape[1]
    patterns, counts = np.unique(values, axis=1, return_counts=True)
    means = rng.multinomial(n, counts / n, draws) @ patterns.T.astype(np.float64) / n
    on_faces, between, start = np.zeros(draws), np.zeros(draws), 0
    of_chance, of_seeds, squares = 0.0, 0.0, 0.0
    for matrix, sign in parts:
        seeds = len(matrix)
        on_faces += sign * means[:, start : start + seeds].mean(1)
        start += seeds
        if seeds == 1:
            continue
        by_seed = matrix.mean(1)
        residual = matrix - by_seed[:, None] - matrix.mean(0) + by_seed.mean()
        chance = (residual**2).sum() / ((seeds - 1) * max(n - 1, 1)) / n
        of_seeds_alone = max(by_seed.var(ddof=1) - chance, 0.0)
        drawn = rng.integers(0, seeds, (draws, seeds))
        if of_seeds_alone:
            between += sign * np.sqrt(of_seeds_alone / by_seed.var()) * (by_seed - by_seed.mean())[drawn].mean(1)
        of_chance += chance / seeds
        of_seeds += by_seed.var(ddof=1) / seeds
        squares += (by_seed.var(ddof=1) / seeds) ** 2 / (seeds - 1)
    if not of_seeds or not (between.any() or cautious):
        return on_faces
    of_faces = max(on_faces.var() - of_chance, 0.0)
    freedom = (of_seeds + of_faces) ** 2 / (squares + of_faces**2 / max(n - 1, 1))
    value = sum(sign * matrix.mean() for matrix, sign in parts)
    widening = stats.t.ppf(0.975, freedom) / stats.norm.ppf(0.975)
    return value + widening * (on_faces + between - value)


def percentiles(values: np.ndarray, confidence: float = 0.95) -> Interval:
    """Return the middle share of bootstrap draws (Efron and Tibshirani 1993, chapter 13)."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def difference(a: np.ndarray, b: np.ndarray, paired: bool, seed: int = 0, draws: int = DRAWS) -> Difference:
    """Return the accuracy of a minus that of b on the same faces.

    The interval is that of `hierarchical` for the difference. With one run each, p is McNemar's exact test (McNemar
    1947; statsmodels); with several, twice the smaller share of draws on either side of 0, at least 2 / (draws + 1).

    Args:
        a: (S, n) bool, a row per seed.
        b: (T, n) bool, the same faces in the same order.
        paired: row i of a belongs to row i of b: the same network, or the same seed. What both have in common then
            takes no part in the chance between seeds.
        seed: seed of the draws.
        draws: how many draws.

    Raises:
        ValueError: the numbers of faces differ, or those of paired rows.
    """
    if a.shape[1] != b.shape[1] or (paired and len(a) != len(b)):
        raise ValueError(f"{a.shape} and {b.shape} cannot be paired")
    parts = [(a.astype(np.int8) - b.astype(np.int8), 1)] if paired else [(a, 1), (b, -1)]
    # faces largely cancel in a difference and the seeds decide: two that agree say little
    differences = _resample(parts, seed, draws, cautious=True)
    if len(a) == len(b) == 1:
        p = mcnemar(a[0], b[0])
    else:
        tail = min((differences <= 0).sum(), (differences >= 0).sum())
        p = min(1.0, 2 * (tail + 1) / (draws + 1))
    return Difference(float(a.mean() - b.mean()), percentiles(differences), float(p))


def mcnemar(a: np.ndarray, b: np.ndarray) -> float:
    """Return the exact two-sided p that two classifiers are right equally often, (n,) bool each, the same faces."""
    from statsmodels.stats.contingency_tables import mcnemar as test

    a, b = a.astype(bool), b.astype(bool)
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    return float(min(1.0, test(table, exact=True).pvalue))


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p values for their number (Holm 1979), in the order given, (m,) float64."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, method="holm")[1] if len(p) else np.zeros(0)


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
