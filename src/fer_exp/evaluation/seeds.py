"""How much trainings with other seeds differ: a variance of few values, pooled over rows where these vary alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

Cell = tuple[str, str]  # a row (training) and a column (test set)
FEW_SEEDS = 5  # of each row; with fewer a variance of its own is worth less than that of all rows
ALIKE = 0.1  # p of Bartlett's test, from which on the rows' seeds are taken to vary alike


class SeedVariance(NamedTuple):
    """A variance between seeds and its degrees of freedom; 0 of them where unknown."""

    value: float
    freedom: float


class BetweenSeeds:
    """The variance between seeds of any contrast of a matrix's cells.

    It is pooled over the rows, which takes their seeds to vary alike. Where each row has `FEW_SEEDS` seeds or more and
    the rows are seen to vary unlike (Bartlett 1937), a contrast has the variance of its own seeds alone.

    Args:
        by_seed: (row, column) -> (S,), the accuracy of each seed.
        seeds: row -> names of its seeds, in the same order.
    """

    def __init__(self, by_seed: Mapping[Cell, np.ndarray], seeds: Mapping[str, Sequence[str]]) -> None:
        self.by_seed, self.seeds = by_seed, seeds
        self.layout = _Layout.of(seeds)
        self.known = self.layout.within > 0
        self.enough = min(map(len, seeds.values())) >= FEW_SEEDS

    def deviations(self, weights: Mapping[str, float]) -> dict[str, float]:
        """Return the standard deviation between the seeds of each row that has two or more."""
        return {row: float(np.std(self._line(row, weights), ddof=1)) for row, s in self.seeds.items() if len(s) > 1}

    def alike(self, weights: Mapping[str, float]) -> bool:
        """Return whether the seeds of all rows may vary alike: p of Bartlett's test (1937) is not below `ALIKE`.

        They may where there is nothing to compare: fewer than two rows with two seeds, or one whose seeds agree to
        the last face, as those of few faces do by chance.

        Args:
            weights: coefficients of the columns, the same for each row.
        """
        variances = np.square(list(self.deviations(weights).values()))
        freedom = np.array([len(seeds) - 1 for seeds in self.seeds.values() if len(seeds) > 1])
        if len(variances) < 2 or not variances.all():
            return True
        total = freedom.sum()
        ratio = total * np.log(freedom @ variances / total) - freedom @ np.log(variances)
        correction = 1 + ((1 / freedom).sum() - 1 / total) / (3 * (len(variances) - 1))
        return bool(special.chdtrc(len(variances) - 1, ratio / correction) >= ALIKE)

    def _line(self, row: str, weights: Mapping[str, float]) -> np.ndarray:
        """Return the contrast of a row's columns for each of its seeds, (S,)."""
        return np.asarray(sum(w * self.by_seed[row, c] for c, w in weights.items()))

    def _own(self, by_row: Mapping[str, Mapping[str, float]], paired: bool) -> SeedVariance:
        """Return the variance of a contrast's mean from the seeds of its own rows alone."""
        lines = [self._line(row, weights) for row, weights in by_row.items()]
        independent = [np.sum(lines, axis=0)] if paired else lines
        parts = [(line.var(ddof=1) / len(line), len(line) - 1) for line in independent]
        total = sum(value for value, _ in parts)
        squares = sum(value**2 / freedom for value, freedom in parts)
        return SeedVariance(float(total), float(total**2 / squares) if squares else min(f for _, f in parts))

    def variance(self, by_row: Mapping[str, Mapping[str, float]], paired: bool) -> SeedVariance:
        """Return the part of a contrast's variance that is between seeds.

        Args:
            by_row: the coefficients of each row's columns.
            paired: whether all of these rows have the same seeds.
        """
        if self.enough and not all(self.alike(weights) for weights in by_row.values()):
            return self._own(by_row, paired)
        freedom = self.layout.crossed
        if len(by_row) == 1 or not paired or not freedom:
            parts = [(self._pooled(weights)[0], len(self.seeds[row])) for row, weights in by_row.items()]
            return SeedVariance(sum(p.value / count for p, count in parts), min(p.freedom for p, _ in parts))
        count = len(self.seeds[next(iter(by_row))])
        own = sum(self._pooled(weights)[1].value for weights in by_row.values())
        common: dict[str, float] = defaultdict(float)
        for column, weight in (item for weights in by_row.values() for item in weights.items()):
            common[column] += weight
        if not any(common.values()):
            return SeedVariance(own / count, freedom)
        within, crossed = self._pooled(common)
        total = within.value - crossed.value + own
        squares = within.value**2 / within.freedom + (crossed.value**2 + own**2) / freedom
        return SeedVariance(total / count, total**2 / squares if squares else freedom)

    def _pooled(self, weights: Mapping[str, float]) -> tuple[SeedVariance, SeedVariance]:
        """Return the variance of a row's seeds, and what is left of it beside their common effect, pooled over rows.

        The degrees of freedom of the first are Satterthwaite's of its two parts, seeds and rows x seeds: seeds that
        do the same to all rows are no repeats of each other.
        """
        layout = self.layout
        table = np.concatenate([self._line(row, weights) for row in self.seeds])
        within = float(((table - layout.rows @ table) ** 2).sum())
        left = min(float(((table - layout.additive @ table) ** 2).sum()), within)
        squares = (within - left) ** 2 / max(layout.within - layout.crossed, 1) + left**2 / max(layout.crossed, 1)
        crossed = SeedVariance(left / max(layout.crossed, 1), layout.crossed)
        # what seeds do to all rows alike has no negative variance: less within rows than is left is chance
        pooled = max(within / layout.within, crossed.value)
        return SeedVariance(pooled, within**2 / squares if squares else layout.within), crossed


class _Layout(NamedTuple):
    """Which rows have which seeds, as projections of the runs' accuracies, row after row."""

    rows: np.ndarray  # (runs, runs): to the mean of the row
    additive: np.ndarray  # (runs, runs): to the least squares fit of row + seed
    within: int  # degrees of freedom of seeds within rows
    crossed: int  # and of rows x seeds

    @classmethod
    def of(cls, seeds: Mapping[str, Sequence[str]]) -> _Layout:
        """Make it of row -> names of its seeds."""
        runs = [(row, seed) for row, names in seeds.items() for seed in names]
        names = list(dict.fromkeys(seed for _, seed in runs))
        of_rows = np.array([[run[0] == row for row in seeds] for run in runs], float)
        both = np.hstack([of_rows, np.array([[run[1] == seed for seed in names] for run in runs], float)])
        crossed = len(runs) - int(np.linalg.matrix_rank(both))
        of_rows, both = (design @ np.linalg.pinv(design) for design in (of_rows, both))
        return cls(of_rows, both, len(runs) - len(seeds), crossed)
