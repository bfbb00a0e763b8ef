"""The numbers of a matrix: accuracy, interval, and whether a cell differs from the best of its column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_exp.evaluation.results import RunResult, matrix_rows
from fer_exp.evaluation.statistics import Difference, difference, hierarchical, holm, percentiles, spread
from fer_exp.inputs.variants import TEST_SETS, is_size, order_test_sets


def correct_by_run(results: list[RunResult], checkpoint: str, test_set: str) -> np.ndarray | None:
    """Return right or wrong, (runs, faces) bool; None where a run has no comparable predictions."""
    if not results or not all(r.predictions and test_set in r.predictions[checkpoint].test_sets for r in results):
        return None
    return np.stack([r.predictions[checkpoint].correct(test_set) for r in results])


def compare(a: list[RunResult], b: list[RunResult], checkpoint: str, sets: tuple[str, str]) -> Difference | None:
    """Return the accuracy of runs a on the first test set minus that of runs b on the second.

    Runs are paired where they have the same seeds; those of a seed share split and initial weights.
    None where a run has no comparable predictions.
    """
    a, b = (sorted(results, key=lambda r: r.seed) for results in (a, b))
    correct_a, correct_b = correct_by_run(a, checkpoint, sets[0]), correct_by_run(b, checkpoint, sets[1])
    if correct_a is None or correct_b is None:
        return None
    return difference(correct_a, correct_b, paired=[r.seed for r in a] == [r.seed for r in b])


def tested_sets(results: list[RunResult], checkpoint: str) -> list[str]:
    """Return the test sets that some of the runs have results on, in order."""
    forms = [form for r in results if r.predictions for form in r.predictions[checkpoint].test_sets]
    named = [key.split("/", 1)[1] for r in results for key in r.run.data.metrics if key.startswith(f"{checkpoint}/")]
    return order_test_sets([*forms, *named])


def cell_statistics(results: list[RunResult], checkpoint: str, test_set: str) -> dict[str, float | int] | None:
    """Return accuracy (mean over runs), low and high (95 %), deviation and n of runs of one variant.

    Of one run Wilson's interval over faces, of several the hierarchical bootstrap over faces and seeds. None where no
    run has results.
    """
    results = [r for r in results if f"{checkpoint}/{test_set}" in r.run.data.metrics]
    metrics = [r.run.data.metrics for r in results]
    if not metrics:
        return None
    accuracy = spread([m[f"{checkpoint}/{test_set}"] for m in metrics])
    low, high = (metrics[0].get(f"{checkpoint}_ci_{end}/{test_set}", np.nan) for end in ("low", "high"))
    if len(metrics) > 1:
        correct = correct_by_run(results, checkpoint, test_set)
        ends = (np.nan, np.nan) if correct is None else percentiles(hierarchical(correct))
        low, high = (float(np.clip(end, 0, 1)) for end in ends)  # of two seeds they may lie outside 0..1
    return {"accuracy": accuracy.mean, "low": low, "high": high, "deviation": accuracy.deviation, "n": accuracy.n}


def matrix_table(results: list[RunResult], checkpoint: str) -> pd.DataFrame:
    """Return a row per cell, in the order of the matrix; an occluder's sizes are not columns (severity has them).

    Columns: trained_on, tested_on, those of `cell_statistics`, published (what a study printed for this cell; NaN
    without one), without_twins and twins (accuracy without the test faces that have a twin in training, and their
    number; NaN where a run has none), below_best (accuracy minus that of the best row of the column), p (of that
    difference on the same faces, corrected by Holm for all differences of the matrix, those of further test sets
    apart; NaN for the best itself and without predictions).
    """
    by_variant = {v: [r for r in results if r.variant == v] for v in matrix_rows(results)}
    rows = []
    for variant, members in by_variant.items():
        for test_set in tested_sets(results, checkpoint):
            statistics = None if is_size(test_set) else cell_statistics(members, checkpoint, test_set)
            if statistics is not None:
                printed = {r.run.data.tags.get(f"published/{checkpoint}/{test_set}") for r in members}
                published = float(printed.pop() or np.nan) if len(printed) == 1 else np.nan
                cell = {"trained_on": variant, "tested_on": test_set, **statistics, "published": published}
                rows.append({**cell, **_without_twins(members, checkpoint, test_set)})
    cells = pd.DataFrame(rows)
    best = cells.groupby("tested_on")["accuracy"].transform("max")
    cells["below_best"] = cells["accuracy"] - best
    cells["p"] = _p_against_best(cells, by_variant, checkpoint)
    return cells.round({"accuracy": 4, "low": 4, "high": 4, "without_twins": 4, "below_best": 4})


def _without_twins(results: list[RunResult], checkpoint: str, test_set: str) -> dict[str, float]:
    values = [r.run.data.metrics.get(f"{checkpoint}_without_twins/{test_set}", np.nan) for r in results]
    count = max(int(r.run.data.tags.get("twins.test", 0) or 0) for r in results)
    accuracy = float(np.mean(values))
    return {"without_twins": accuracy, "twins": count if np.isfinite(accuracy) else np.nan}


def _p_against_best(cells: pd.DataFrame, by_variant: dict[str, list[RunResult]], checkpoint: str) -> pd.Series:
    p = pd.Series(np.nan, index=cells.index)
    for test_set, column in cells.groupby("tested_on"):
        first = column["accuracy"].idxmax()
        best = by_variant[column.loc[first, "trained_on"]]
        for index in column.index.drop(first):
            against_best = compare(best, by_variant[column.loc[index, "trained_on"]], checkpoint, (test_set, test_set))
            if against_best is not None:
                p[index] = against_best.p
    # further test sets are a family of their own: asking more does not weaken the first answer
    is_main = cells["tested_on"].isin(TEST_SETS)
    for family in (is_main, ~is_main):
        compared = family & p.notna()
        if compared.any():
            p[compared] = holm(p[compared].to_numpy())
    return p
