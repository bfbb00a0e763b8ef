"""Accuracy against how much of the face is hidden."""

from __future__ import annotations

import pandas as pd

from fer_exp.evaluation.matrix import column_statistics, tested_sets
from fer_exp.evaluation.results import RunResult, matrix_rows
from fer_exp.inputs.variants import is_degraded, on_curve

COLUMNS = ("trained_on", "tested_on", "curve", "covered_share", "accuracy", "low", "high", "n", "over")


def accuracy_by_share(results: list[RunResult], checkpoint: str) -> pd.DataFrame:
    """Return a row per training variant and test set whose covered share is known, by rising share.

    Columns: trained_on, tested_on, curve (whether the test set is the runs' own occluder, at some size, or no
    occluder: points of one curve), covered_share (mean over the test faces, 0..1) and those of
    matrix.column_statistics.
    """
    rows = []
    columns = {
        test_set: column_statistics(results, checkpoint, test_set) for test_set in tested_sets(results, checkpoint)
    }
    for variant in matrix_rows(results):
        first = next(r.run.data for r in results if r.variant == variant)
        for test_set, column in columns.items():
            share = 0.0 if test_set == "normal" else first.metrics.get(f"covered_share/{test_set}")
            if share is None or variant not in column or is_degraded(test_set):
                continue
            curve = on_curve(test_set, first.params.get("occlusion", ""))
            point = {"trained_on": variant, "tested_on": test_set, "curve": curve, "covered_share": share}
            rows.append(point | column[variant])
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = table["trained_on"].map(matrix_rows(results).index)
    return table.assign(order=order).sort_values(["order", "covered_share"], ignore_index=True).drop(columns="order")
