"""Accuracy against how much of the face is hidden."""

from __future__ import annotations

import pandas as pd

from fer_exp.evaluation.matrix import cell_statistics, tested_sets
from fer_exp.evaluation.results import RunResult, matrix_rows
from fer_exp.inputs.variants import is_degraded, on_curve

COLUMNS = ("trained_on", "tested_on", "curve", "covered_share", "accuracy", "low", "high", "n")


def accuracy_by_share(results: list[RunResult], checkpoint: str) -> pd.DataFrame:
    """Return a row per training variant and test set whose covered share is known, by rising share.

    Columns: trained_on, tested_on, curve (whether the test set is the runs' own occluder, at some size, or no
    occluder: points of one curve), covered_share (mean over the test faces, 0..1) and those of
    matrix.cell_statistics.
    """
    rows = []
    for variant in matrix_rows(results):
        members = [r for r in results if r.variant == variant]
        for test_set in tested_sets(results, checkpoint) if members else []:
            share = 0.0 if test_set == "normal" else members[0].run.data.metrics.get(f"covered_share/{test_set}")
            statistics = cell_statistics(members, checkpoint, test_set)
            if share is None or statistics is None or is_degraded(test_set):
                continue
            curve = on_curve(test_set, members[0].run.data.params.get("occlusion", ""))
            point = {"trained_on": variant, "tested_on": test_set, "curve": curve, "covered_share": share}
            rows.append(point | statistics)
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = table["trained_on"].map(matrix_rows(results).index)
    return table.assign(order=order).sort_values(["order", "covered_share"], ignore_index=True).drop(columns="order")
