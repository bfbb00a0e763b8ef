"""The numbers of a matrix: accuracy, interval, and whether a cell differs from the best of its column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_exp.evaluation.results import Trial, rows_of
from fer_exp.evaluation.statistics import Difference, difference, hierarchical, holm, percentiles, spread
from fer_exp.inputs.variants import TEST_SETS, in_order, is_size


def correct(trials: list[Trial], checkpoint: str, test_set: str) -> np.ndarray | None:
    """Right or wrong, (runs, faces) bool; None where a run has no comparable predictions."""
    if not trials or not all(t.predictions and test_set in t.predictions[checkpoint].test_sets for t in trials):
        return None
    return np.stack([t.predictions[checkpoint].correct(test_set) for t in trials])


def versus(a: list[Trial], b: list[Trial], checkpoint: str, sets: tuple[str, str]) -> Difference | None:
    """Accuracy of runs a on the first test set minus that of runs b on the second; None without predictions.

    Runs are paired where they have the same seeds; those of a seed share split and initial weights.
    """
    a, b = (sorted(trials, key=lambda t: t.seed) for trials in (a, b))
    right = [correct(trials, checkpoint, name) for trials, name in zip((a, b), sets, strict=True)]
    if right[0] is None or right[1] is None:
        return None
    return difference(*right, paired=[t.seed for t in a] == [t.seed for t in b])


def tested(trials: list[Trial], checkpoint: str) -> list[str]:
    """The test sets that some of the runs have results on, in order."""
    forms = [form for t in trials if t.predictions for form in t.predictions[checkpoint].test_sets]
    named = [key.split("/", 1)[1] for t in trials for key in t.run.data.metrics if key.startswith(f"{checkpoint}/")]
    return in_order([*forms, *named])


def cell(members: list[Trial], checkpoint: str, test_set: str) -> dict[str, float | int] | None:
    """Accuracy (mean over runs), low and high (95 %), deviation and n of runs of one variant; None without results.

    Of one run Wilson's interval over faces, of several the hierarchical bootstrap over faces and seeds.
    """
    members = [t for t in members if f"{checkpoint}/{test_set}" in t.run.data.metrics]
    found = [t.run.data.metrics for t in members]
    if not found:
        return None
    accuracy = spread([m[f"{checkpoint}/{test_set}"] for m in found])
    low, high = (found[0].get(f"{checkpoint}_ci_{end}/{test_set}", np.nan) for end in ("low", "high"))
    if len(found) > 1:
        right = correct(members, checkpoint, test_set)
        ends = (np.nan, np.nan) if right is None else percentiles(hierarchical(right))
        low, high = (float(np.clip(end, 0, 1)) for end in ends)  # of two seeds they may lead beyond what can be
    return {"accuracy": accuracy.mean, "low": low, "high": high, "deviation": accuracy.deviation, "n": accuracy.n}


def table(trials: list[Trial], checkpoint: str) -> pd.DataFrame:
    """A row per cell, in the order of the matrix; an occluder's sizes are no columns (comparison.severity has them).

    Columns: trained_on, tested_on, those of `cell`, published (what a study printed for this cell; NaN without one),
    below_best (accuracy minus that of the best row of the column), p (of that difference on the same faces, corrected
    by Holm for all differences of the matrix, those of further test sets apart; NaN for the best itself and without
    predictions).
    """
    by_variant = {v: [t for t in trials if t.variant == v] for v in rows_of(trials)}
    rows = []
    for variant, members in by_variant.items():
        for test_set in tested(trials, checkpoint):
            found = None if is_size(test_set) else cell(members, checkpoint, test_set)
            if found is not None:
                printed = {t.run.data.tags.get(f"published/{checkpoint}/{test_set}") for t in members}
                published = float(printed.pop() or np.nan) if len(printed) == 1 else np.nan
                rows.append({"trained_on": variant, "tested_on": test_set, **found, "published": published})
    cells = pd.DataFrame(rows)
    best = cells.groupby("tested_on")["accuracy"].transform("max")
    cells["below_best"] = cells["accuracy"] - best
    cells["p"] = _against_best(cells, by_variant, checkpoint)
    return cells.round({"accuracy": 4, "low": 4, "high": 4, "below_best": 4})


def _against_best(cells: pd.DataFrame, by_variant: dict[str, list[Trial]], checkpoint: str) -> pd.Series:
    p = pd.Series(np.nan, index=cells.index)
    for test_set, column in cells.groupby("tested_on"):
        first = column["accuracy"].idxmax()
        best = by_variant[column.loc[first, "trained_on"]]
        for index in column.index.drop(first):
            found = versus(best, by_variant[column.loc[index, "trained_on"]], checkpoint, (test_set, test_set))
            if found is not None:
                p[index] = found.p
    # further test sets are a family of their own: asking more does not weaken the first answer
    own = cells["tested_on"].isin(TEST_SETS)
    for family in (own, ~own):
        compared = family & p.notna()
        if compared.any():
            p[compared] = holm(p[compared].to_numpy())
    return p
