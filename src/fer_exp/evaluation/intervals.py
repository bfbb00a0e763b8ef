"""How far means over faces and seeds can be trusted: variance, interval and p of any contrast of a matrix's cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from fer_exp.evaluation.estimates import UNKNOWN, Estimate, proportion_interval
from fer_exp.evaluation.people import People
from fer_exp.evaluation.seeds import BetweenSeeds, Cell
from fer_exp.evaluation.statistics import Interval, wilson

Contrast = Mapping[Cell, float]  # coefficients of the cells' means; the cells that are not named have 0


class CrossedMeans:
    """Means over faces and training seeds, which are crossed: every seed is tested on the same faces.

    Two-way analysis of variance with random faces and seeds (Searle, Casella and McCulloch 1992, chapter 4): the
    variance of a mean over S seeds and n faces is (MS_seeds + MS_faces - MS_interaction) / (n S). Few seeds estimate
    MS_seeds badly, so it is pooled over the rows, unless these are seen to vary unlike (see `BetweenSeeds`); Student's
    t has the degrees of freedom of Satterthwaite (1946). Rows of the same seeds are paired: what a seed does to all
    rows alike cancels in their differences, and what is left is the mean square of rows x seeds. A row of one seed
    borrows the variance of the others; where no row has two seeds, estimates are over faces alone.

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
        self.between = BetweenSeeds(self.by_seed, self.seeds)

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
        if not self.between.known:
            return Estimate(value, 0.0, 0.0, faces, self.people.number)
        paired = len({self.seeds[row] for row in by_row}) == 1
        noise, between = self._noise(weights, paired), self.between.variance(by_row, paired)
        of_seeds = between.value or noise  # seeds that agree to the last face do so by chance
        # the mean square of faces holds the chance of single answers too, which is counted among seeds
        return Estimate(value, of_seeds, between.freedom, max(faces - noise, 0.0), self.people.number)

    def _noise(self, weights: np.ndarray, paired: bool) -> float:
        """Return the part of a contrast's variance that is chance of single answers."""
        scaled = weights / np.sqrt([len(self.seeds[row]) for row, _ in self.cells])
        rows = np.array([row for row, _ in self.cells])
        interaction = self.interaction if paired else self.interaction * (rows[:, None] == rows)
        return float(scaled @ interaction @ scaled) / self.people.number


def ratio_interval(means: CrossedMeans, part: Contrast, whole: Contrast) -> Interval:
    """Return the 95 % interval of the ratio of two contrasts (Fieller 1954); NaN where that of the whole includes 0."""
    a, b = means.estimate(part), means.estimate(whole)
    t2 = max(a.quantile, b.quantile) ** 2
    if not b.known or not b.value**2 > t2 * b.variance:
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
