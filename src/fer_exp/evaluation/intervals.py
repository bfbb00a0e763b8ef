"""How far means over faces and seeds can be trusted: variance, interval and p of any contrast of a matrix's cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from fer_exp.evaluation.estimates import UNKNOWN, Estimate, proportion_interval
from fer_exp.evaluation.people import People
from fer_exp.evaluation.statistics import Interval, wilson

Cell = tuple[str, str]  # a row (training) and a column (test set)
Contrast = Mapping[Cell, float]  # coefficients of the cells' means; the cells that are not named have 0


class _SeedVariance(NamedTuple):
    """A variance between seeds that is pooled over rows, and its degrees of freedom; 0 of them where unknown."""

    value: float
    freedom: float


class CrossedMeans:
    """Means over faces and training seeds, which are crossed: every seed is tested on the same faces.

    Two-way analysis of variance with random faces and seeds (Searle, Casella and McCulloch 1992, chapter 4): the
    variance of a mean over S seeds and n faces is (MS_seeds + MS_faces - MS_interaction) / (n S). Few seeds estimate
    MS_seeds badly, so it is pooled over the rows, which takes their seeds to vary alike; Student's t has the degrees
    of freedom of Satterthwaite (1946). Rows of the same seeds are paired: what a seed does to all rows alike cancels
    in their differences, and what is left is the mean square of rows x seeds. A row of one seed borrows the variance
    of the others; where no row has two seeds, estimates are over faces alone.

    Faces of one person are alike, so that people are the units in the place of faces where they are known: each is one
    value, the sum over their faces (see `People`), and there are as many degrees of freedom as people. Who is not
    known is a person of one face.

    Args:
        values: (row, column) -> (S, n), right (1) or wrong (0), a line per seed, for every column of every row; the
            same faces throughout.
        seeds: row -> names of its seeds, in the order of the lines.
        groups: (n,) str, who is on each face, "" where that is not known; None where no one is.

    Raises:
        ValueError: there are no faces, or the shapes do not fit each other.
    """

    def __init__(
        self,
        values: Mapping[Cell, np.ndarray],
        seeds: Mapping[str, Sequence[str]],
        groups: np.ndarray | None = None,
    ) -> None:
        self.cells = list(values)
        self.seeds = {row: tuple(names) for row, names in seeds.items()}
        self.faces = next(iter(values.values())).shape[1] if values else 0
        if not self.faces:
            raise ValueError("no predictions to compare")
        wrong = [cell for cell, v in values.items() if v.shape != (len(self.seeds[cell[0]]), self.faces)]
        if wrong:
            raise ValueError(f"other seeds or faces than the rest: {wrong}")
        self.people = People.of(groups, self.faces)
        self.by_seed = {cell: v.mean(1, dtype=np.float64) for cell, v in values.items()}
        self.means = np.array([self.by_seed[cell].mean() for cell in self.cells])
        by_face = np.array([v.mean(0, dtype=np.float64) for v in values.values()]) - self.means[:, None]
        by_person = self.people.sums(by_face)
        self.of_faces = by_person @ by_person.T / max(self.people.number - 1, 0.5)  # MS_faces / S, cells by cells
        self.interaction = self._interaction(values, by_face)
        self.layout = _Layout.of(self.seeds)

    def _interaction(self, values: Mapping[Cell, np.ndarray], by_face: np.ndarray) -> np.ndarray:
        """Return MS_interaction, cells by cells: 0 between rows of other seeds.

        A row of one seed has what the others have on average.
        """
        found = np.zeros((len(values),) * 2)
        names = [self.seeds[row] for row, _ in self.cells]
        for same in {names for names in names if len(names) > 1}:
            cells = [i for i, name in enumerate(names) if name == same]
            left = np.stack([values[self.cells[i]].astype(np.float32) for i in cells])
            left -= left.mean(2, keepdims=True)
            left -= by_face[cells, None].astype(np.float32)
            flat = self.people.sums(left).reshape(len(cells), -1)
            found[np.ix_(cells, cells)] = flat @ flat.T / ((len(same) - 1) * max(self.people.number - 1, 0.5))
        of_others = defaultdict(list)
        alone = []
        for (i, (row, a)), (j, (other, b)) in product(enumerate(self.cells), repeat=2):
            if row == other and len(self.seeds[row]) > 1:
                of_others[a, b].append(found[i, j])
            elif row == other:
                alone.append((i, j, a, b))
        for i, j, a, b in alone:
            found[i, j] = np.mean(of_others.get((a, b), [0.0]))
        return found

    def estimate(self, contrast: Contrast) -> Estimate:
        """Return the sum of the cells' means, each times its coefficient, with its variance over faces and seeds."""
        weights = np.array([contrast.get(cell, 0.0) for cell in self.cells])
        value = float(weights @ self.means)
        by_row: dict[str, dict[str, float]] = defaultdict(dict)
        for (row, column), weight in contrast.items():
            by_row[row][column] = weight
        faces = float(weights @ self.of_faces @ weights) / self.people.number
        if not self.layout.within:
            return Estimate(value, 0.0, 0.0, faces, self.people.number)
        paired = len({self.seeds[row] for row in by_row}) == 1
        noise, between = self._noise(weights, paired), self._between_seeds(by_row, paired)
        of_seeds = between.value or noise  # seeds that agree to the last face do so by chance
        # the mean square of faces holds the chance of single answers too, which is counted among seeds
        return Estimate(value, of_seeds, between.freedom, max(faces - noise, 0.0), self.people.number)

    def _noise(self, weights: np.ndarray, paired: bool) -> float:
        """Return the part of a contrast's variance that is chance of single answers."""
        scaled = weights / np.sqrt([len(self.seeds[row]) for row, _ in self.cells])
        rows = np.array([row for row, _ in self.cells])
        interaction = self.interaction if paired else self.interaction * (rows[:, None] == rows)
        return float(scaled @ interaction @ scaled) / self.people.number

    def _between_seeds(self, by_row: Mapping[str, Mapping[str, float]], paired: bool) -> _SeedVariance:
        """Return the part of a contrast's variance that is between seeds."""
        freedom = self.layout.crossed
        if len(by_row) == 1 or not paired or not freedom:
            parts = [(self._mean_squares(weights)[0], len(self.seeds[row])) for row, weights in by_row.items()]
            return _SeedVariance(sum(p.value / count for p, count in parts), min(p.freedom for p, _ in parts))
        count = len(self.seeds[next(iter(by_row))])
        own = sum(self._mean_squares(weights)[1].value for weights in by_row.values())
        common: dict[str, float] = defaultdict(float)
        for column, weight in (item for weights in by_row.values() for item in weights.items()):
            common[column] += weight
        if not any(common.values()):
            return _SeedVariance(own / count, freedom)
        within, crossed = self._mean_squares(common)
        total = within.value - crossed.value + own
        squares = within.value**2 / within.freedom + (crossed.value**2 + own**2) / freedom
        return _SeedVariance(total / count, total**2 / squares if squares else freedom)

    def _mean_squares(self, weights: Mapping[str, float]) -> tuple[_SeedVariance, _SeedVariance]:
        """Return the variance of a row's seeds, and what is left of it beside their common effect, pooled over rows.

        The degrees of freedom of the first are Satterthwaite's of its two parts, seeds and rows x seeds: seeds that
        do the same to all rows are no repeats of each other.
        """
        layout = self.layout
        table = np.concatenate([sum(w * self.by_seed[row, c] for c, w in weights.items()) for row in self.seeds])
        within = float(((table - layout.rows @ table) ** 2).sum())
        left = min(float(((table - layout.additive @ table) ** 2).sum()), within)
        squares = (within - left) ** 2 / max(layout.within - layout.crossed, 1) + left**2 / max(layout.crossed, 1)
        crossed = _SeedVariance(left / max(layout.crossed, 1), layout.crossed)
        # what seeds do to all rows alike has no negative variance: less within rows than is left is chance
        pooled = max(within / layout.within, crossed.value)
        return _SeedVariance(pooled, within**2 / squares if squares else layout.within), crossed


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


def ratio_interval(means: CrossedMeans, part: Contrast, whole: Contrast) -> Interval:
    """Return the 95 % interval of the ratio of two contrasts (Fieller 1954); NaN where that of the whole includes 0."""
    a, b = means.estimate(part), means.estimate(whole)
    t2 = max(a.quantile, b.quantile) ** 2
    if not b.value**2 > t2 * b.variance:
        return UNKNOWN
    both = {cell: part.get(cell, 0.0) - whole.get(cell, 0.0) for cell in {**part, **whole}}
    covariance = (a.variance + b.variance - means.estimate(both).variance) / 2
    # roots of (a - ratio * b)^2 = t^2 Var(a - ratio * b)
    square, linear = b.value**2 - t2 * b.variance, a.value * b.value - t2 * covariance
    root = np.sqrt(max(linear**2 - square * (a.value**2 - t2 * a.variance), 0.0))
    return Interval(float((linear - root) / square), float((linear + root) / square))


def accuracy_interval(correct: np.ndarray, groups: np.ndarray | None = None) -> Interval:
    """Return the 95 % interval of the accuracy of one run: Wilson's, over people where several faces show one.

    Args:
        correct: (n,) bool.
        groups: (n,) str, who is on each face, "" where that is not known.

    Raises:
        ValueError: there are no faces.
    """
    means = CrossedMeans({("run", "faces"): correct[None]}, {"run": [""]}, groups)
    if means.people.share_faces:
        return proportion_interval(means.estimate({("run", "faces"): 1.0}))
    return wilson(int(correct.sum()), len(correct))
