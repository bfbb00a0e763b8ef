"""The numbers of a matrix: accuracy, interval, and whether a cell differs from the best of its column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from fer_exp.config.test_datasets import form_of
from fer_exp.evaluation.estimates import Estimate, proportion_interval
from fer_exp.evaluation.intervals import CrossedMeans
from fer_exp.evaluation.results import RunResult, matrix_rows
from fer_exp.evaluation.statistics import holm, mcnemar, spread
from fer_exp.inputs.variants import TEST_SETS, is_size, order_test_sets

PAIR_COLUMNS = ("tested_on", "a", "b", "difference", "low", "high", "p", "p_networks")


def crossed_means(
    results: Iterable[RunResult], checkpoint: str, test_sets: Iterable[str], faces: np.ndarray | None = None
) -> CrossedMeans | None:
    """Return the means of all rows on these test sets; None where no run has predictions on all of them.

    Args:
        results: the runs of a matrix; those without predictions on one of the test sets take no part.
        checkpoint: best or last.
        test_sets: the columns.
        faces: (n,) bool, the faces that count; all by default.
    """
    columns = list(test_sets)
    results = sorted(results, key=lambda r: r.seed)
    compared = [r for r in results if all(r.on(checkpoint, column) for column in columns)]
    by_row = {row: [r for r in compared if r.variant == row] for row in matrix_rows(compared)}
    which = slice(None) if faces is None else faces
    values = {
        (row, column): np.stack([r.correct(checkpoint, column)[which] for r in members])
        for row, members in by_row.items()
        for column in columns
    }
    if not values:
        return None
    groups = find_groups(compared, checkpoint, columns[0])
    seeds = {row: [r.seed for r in members] for row, members in by_row.items()}
    return CrossedMeans(values, seeds, None if groups is None else groups[which])


def find_groups(results: Iterable[RunResult], checkpoint: str, test_set: str) -> np.ndarray | None:
    """Return who is on each face of a test set, (n,) str, from the first run that knows; None where none does."""
    known = (found[0].groups for r in results if (found := r.on(checkpoint, test_set)))
    return next((groups for groups in known if groups is not None), None)


def tested_sets(results: list[RunResult], checkpoint: str) -> list[str]:
    """Return the test sets that some of the runs have results on, in order."""
    forms = [form for r in results if r.predictions for form in r.predictions[checkpoint].test_sets]
    named = [key.split("/", 1)[1] for r in results for key in r.run.data.metrics if key.startswith(f"{checkpoint}/")]
    return order_test_sets([*forms, *named])


def column_statistics(
    results: list[RunResult], checkpoint: str, test_set: str
) -> dict[str, dict[str, float | int | str]]:
    """Return for each row that was tested on this set: accuracy (mean over runs), low, high, deviation, n and over.

    `over` is what the 95 % interval is over. "faces": no row has two seeds, and the interval is Wilson's of the one
    run. "faces and seeds": that of `CrossedMeans`, whose variance between seeds is that of all rows. "": several runs
    without predictions have no interval (NaN).
    """
    means = crossed_means(results, checkpoint, [test_set])
    column: dict[str, dict[str, float | int | str]] = {}
    for row in matrix_rows(results):
        metrics = [r.run.data.metrics for r in results if r.variant == row]
        metrics = [m for m in metrics if f"{checkpoint}/{test_set}" in m]
        if not metrics:
            continue
        accuracy = spread([m[f"{checkpoint}/{test_set}"] for m in metrics])
        low, high, over = np.nan, np.nan, ""
        estimate = means.estimate({(row, test_set): 1.0}) if means and (row, test_set) in means.cells else None
        if estimate and estimate.over_seeds:
            (low, high), over = proportion_interval(estimate), "faces and seeds"
        elif len(metrics) == 1:
            low, high = (metrics[0].get(f"{checkpoint}_ci_{end}/{test_set}", np.nan) for end in ("low", "high"))
            over = "faces"
        numbers = {"accuracy": accuracy.mean, "low": low, "high": high, "deviation": accuracy.deviation}
        column[row] = {**numbers, "n": accuracy.n, "over": over}
    return column


class RowDifference(NamedTuple):
    """The accuracy of row a minus that of row b on one test set, and its p corrected for all that are compared."""

    a: str
    b: str
    test_set: str
    estimate: Estimate
    p: float


def compare_rows(columns: Mapping[str, CrossedMeans]) -> list[RowDifference]:
    """Compare all pairs of rows in each column; p is corrected by Holm's method for all of them together.

    It is NaN where no row has two seeds: nothing is known then of other trainings.
    """
    found = []
    for test_set, means in columns.items():
        for a, b in combinations(means.seeds, 2):
            estimate = means.estimate({(a, test_set): 1.0, (b, test_set): -1.0})
            found.append(RowDifference(a, b, test_set, estimate, estimate.p if estimate.over_seeds else np.nan))
    known = [i for i, pair in enumerate(found) if not np.isnan(pair.p)]
    for i, p in zip(known, holm(np.array([found[i].p for i in known])), strict=True):
        found[i] = found[i]._replace(p=float(p))
    return found


class UnlikeSeeds(NamedTuple):
    """A column in which the seeds of some rows are seen to vary more than those of others."""

    test_set: str
    deviations: dict[str, float]  # row -> standard deviation between its seeds, 0..1
    pooled: bool  # whether intervals have the variance of all rows all the same: there are too few seeds

    @property
    def loud(self) -> list[str]:
        """Return the rows that vary more than all do on average: a pooled variance makes their intervals too narrow."""
        average = np.sqrt(np.mean(np.square(list(self.deviations.values()))))
        return [row for row, deviation in self.deviations.items() if deviation > average]


def unlike_seeds(results: list[RunResult], checkpoint: str) -> list[UnlikeSeeds]:
    """Return the columns of the matrix in which the rows' seeds vary unlike, by the test of `BetweenSeeds`."""
    found = []
    for test_set in tested_sets(results, checkpoint):
        means = None if is_size(test_set) else crossed_means(results, checkpoint, [test_set])
        if means and not means.between.alike({test_set: 1.0}):
            deviations = means.between.deviations({test_set: 1.0})
            found.append(UnlikeSeeds(test_set, deviations, pooled=not means.between.enough))
    return found


def compare_networks(a: np.ndarray, b: np.ndarray, groups: np.ndarray | None) -> float:
    """Return the two-sided p that two networks are right equally often on the same faces.

    It is that of McNemar's exact test; where several faces show one person it is that of Student's t over the people's
    differences, as Obuchowski (1998) tests proportions of clusters.

    Args:
        a: (n,) bool, whether the first is right on each face.
        b: (n,) bool, the second.
        groups: (n,) str, who is on each face; None where that is not known.
    """
    means = CrossedMeans({("a", "faces"): a[None], ("b", "faces"): b[None]}, {"a": [""], "b": [""]}, groups)
    if not means.people.share_faces:
        return mcnemar(a, b)
    return means.estimate({("a", "faces"): 1.0, ("b", "faces"): -1.0}).p


def pair_table(results: list[RunResult], checkpoint: str) -> pd.DataFrame:
    """Return a row per pair of rows and column of the matrix: how far a is above b on the same faces.

    Columns: tested_on, a, b, difference, low, high (its 95 % interval, not corrected), p (over faces and seeds,
    corrected for all pairs on normal, occluded and mixed, or for all on further test sets: asking more does not weaken
    the first answer; NaN where no row has two seeds), p_networks (`compare_networks` of these two, not corrected,
    where each row is one run).
    """
    columns = {
        test_set: means
        for test_set in tested_sets(results, checkpoint)
        if not is_size(test_set) and (means := crossed_means(results, checkpoint, [test_set]))
    }
    rows = []
    for main in (True, False):
        for pair in compare_rows({t: means for t, means in columns.items() if (t in TEST_SETS) == main}):
            members = [
                [r for r in results if r.variant == name and r.on(checkpoint, pair.test_set)]
                for name in (pair.a, pair.b)
            ]
            p_networks = np.nan
            if all(len(runs) == 1 for runs in members):
                a, b = (runs[0].correct(checkpoint, pair.test_set) for runs in members)
                p_networks = compare_networks(a, b, find_groups(results, checkpoint, pair.test_set))
            low, high = pair.estimate.interval
            rows.append((pair.test_set, pair.a, pair.b, pair.estimate.value, low, high, pair.p, p_networks))
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def matrix_table(results: list[RunResult], checkpoint: str) -> pd.DataFrame:
    """Return a row per cell, in the order of the matrix; an occluder's sizes are not columns (severity has them).

    Columns: trained_on, tested_on, those of `column_statistics`, published (what a study printed for this cell; NaN
    without one), without_twins and twins (accuracy without the test faces that have a twin in training, and their
    number; NaN where a run has none), below_best (accuracy minus that of the best row of the column), p (of that
    difference, as in `pair_table`; NaN for the best itself, without predictions, and where no row has two seeds).
    """
    by_set = {t: column_statistics(results, checkpoint, t) for t in tested_sets(results, checkpoint) if not is_size(t)}
    rows = []
    for variant in matrix_rows(results):
        tags = [r.run.data.tags for r in results if r.variant == variant]
        for test_set, column in by_set.items():
            if variant in column:
                printed = {t.get(f"published/{checkpoint}/{test_set}") for t in tags}
                published = float(printed.pop() or np.nan) if len(printed) == 1 else np.nan
                cell = {"trained_on": variant, "tested_on": test_set, **column[variant], "published": published}
                rows.append(cell | _without_twins([r for r in results if r.variant == variant], checkpoint, test_set))
    cells = pd.DataFrame(rows)
    best = cells.groupby("tested_on")["accuracy"].transform("max")
    cells["below_best"] = cells["accuracy"] - best
    cells["p"] = _p_against_best(cells, pair_table(results, checkpoint))
    return cells.round({"accuracy": 4, "low": 4, "high": 4, "without_twins": 4, "below_best": 4})


def _without_twins(results: list[RunResult], checkpoint: str, test_set: str) -> dict[str, float | int | str]:
    values = [r.run.data.metrics.get(f"{checkpoint}_without_twins/{test_set}", np.nan) for r in results]
    other = f"test_datasets.{form_of(test_set)[0]}.twins"  # those of another dataset are counted apart
    counts = [r.run.data.tags.get(other) or r.run.data.tags.get("twins.test") or 0 for r in results]
    count = max(int(number) for number in counts)
    accuracy = float(np.mean(values))
    return {"without_twins": accuracy, "twins": count if np.isfinite(accuracy) else np.nan}


def _p_against_best(cells: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Return the p of each cell's difference from the first best of its column, NaN where there is none."""
    by_pair = {(row.tested_on, frozenset((row.a, row.b))): row.p for row in pairs.itertuples()}
    best = cells.loc[cells.groupby("tested_on")["accuracy"].idxmax()].set_index("tested_on")["trained_on"]
    found = [
        by_pair.get((cell.tested_on, frozenset((cell.trained_on, best[cell.tested_on]))), np.nan)
        for cell in cells.itertuples()
    ]
    return pd.Series(found, index=cells.index, dtype=float)
