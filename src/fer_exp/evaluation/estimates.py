"""A mean or a difference of means with its variance, and its 95 % interval and p."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from fer_exp.evaluation.statistics import Interval

UNKNOWN = Interval(float("nan"), float("nan"))


class Estimate(NamedTuple):
    """A mean or a difference of means, and what its variance is made of.

    Variances of seeds and of faces add up, and few seeds estimate theirs badly. The interval is Student's with the
    degrees of freedom of Satterthwaite (1946) for such a sum. These promise too much in the far tails, where corrected
    p values are, so p is that of Behrens and Fisher (Fisher 1935), which is conservative (Robinson 1976). With one
    variance alone both are Student's.
    """

    value: float
    of_seeds: float  # variance, with the chance of single answers; 0 where it knows of faces alone
    freedom: float  # its degrees of freedom; 0 where it knows of faces alone
    of_faces: float  # variance
    people: float  # who were drawn at random, each of them once; faces where it is not known who is on them

    @property
    def over_seeds(self) -> bool:
        """Return whether it knows of other seeds, not of faces alone."""
        return self.freedom > 0

    @property
    def variance(self) -> float:
        """Return the variance of the value."""
        return self.of_seeds + self.of_faces

    @property
    def known(self) -> bool:
        """Return whether there is a variance between people."""
        return self.variance > 0 and self.people > 1

    @property
    def quantile(self) -> float:
        """Return Student's t of the 95 % interval."""
        return self.quantile_of(0.95)

    def quantile_of(self, level: float) -> float:
        """Return Student's t of the interval that holds the value with probability `level`."""
        freedom = float(max(self.people - 1, 1))
        if self.over_seeds and self.variance > 0:
            parts = self.of_seeds**2 / self.freedom + self.of_faces**2 / freedom
            freedom = min(self.variance**2 / parts, freedom)
        return float(special.stdtrit(freedom, (1 + level) / 2))

    @property
    def interval(self) -> Interval:
        """Return the 95 % interval, cut to -1..1; NaN where no variance is seen, or one person, which says nothing."""
        return self.interval_of(0.95)

    def interval_of(self, level: float) -> Interval:
        """Return the interval that holds the value with probability `level`, as `interval` does with 0.95."""
        if not self.known:
            return UNKNOWN
        half = self.quantile_of(level) * np.sqrt(self.variance)
        return Interval(float(max(self.value - half, -1)), float(min(self.value + half, 1)))

    @property
    def p(self) -> float:
        """Return the two-sided p that the value is 0; 1 where no variance is seen, or one person."""
        if not self.known:
            return 1.0
        people = max(self.people - 1, 1)
        if not self.over_seeds:
            return float(2 * special.stdtr(people, -abs(self.value) / np.sqrt(self.of_faces)))
        # log of the root of chi squared by its degrees of freedom, and its density
        edges = -14 / self.freedom - 4 / np.sqrt(self.freedom), 3.5 / np.sqrt(self.freedom)
        log_ratio = np.linspace(*edges, 256)
        density = np.exp(self.freedom * (log_ratio - np.expm1(2 * log_ratio) / 2))
        errors = np.sqrt(self.of_seeds * np.exp(-2 * log_ratio) + self.of_faces)
        return float(2 * special.stdtr(people, -abs(self.value) / errors) @ density / density.sum())


def proportion_interval(estimate: Estimate) -> Interval:
    """Return Wilson's 95 % interval with as many faces as would give the estimate's variance.

    This is the interval of a proportion of a complex sample that Franco et al. (2019) recommend. It lies within 0..1
    and is Wilson's where the chance of faces is all there is. Where all answers are alike, every face counts, or every
    person once where they are known. One person says nothing of others: 0 to 1.
    """
    if estimate.people == 1:
        return Interval(0.0, 1.0)
    p, t2 = estimate.value, estimate.quantile**2
    n = p * (1 - p) / estimate.variance if estimate.variance > 0 and 0 < p < 1 else estimate.people
    centre, half = p + t2 / (2 * n), np.sqrt(t2 * (p * (1 - p) / n + t2 / (4 * n * n)))
    low, high = (centre - half) / (1 + t2 / n), (centre + half) / (1 + t2 / n)
    return Interval(float(max(low, 0)), float(min(high, 1)))
