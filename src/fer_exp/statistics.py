"""Intervals, and means over repeats."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats


class Interval(NamedTuple):
    """Lower and upper end."""

    low: float
    high: float


def wilson(correct: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927), without continuity correction.

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
    """Mean and sample standard deviation (n - 1) of repeats."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return Spread(float(np.mean(values)), deviation, len(values))
