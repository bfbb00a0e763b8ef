"""Accuracy against how much of the face is hidden."""

from __future__ import annotations

import pandas as pd

from fer_exp.evaluation.matrix import cell, tested
from fer_exp.evaluation.results import Trial, rows_of
from fer_exp.inputs.variants import is_degraded, on_curve

COLUMNS = ("trained_on", "tested_on", "curve", "covered_share", "accuracy", "low", "high", "n")


def table(trials: list[Trial], checkpoint: str) -> pd.DataFrame:
    """A row per training variant and test set whose covered share is known, by rising share.

    Columns: trained_on, tested_on, curve (whether the test set is the runs' own occluder, at some size, or no
    occluder: points of one curve), covered_share (mean over the test faces, 0..1) and those of cells.cell.
    """
    rows = []
    for variant in rows_of(trials):
        members = [t for t in trials if t.variant == variant]
        for test_set in tested(trials, checkpoint) if members else []:
            share = 0.0 if test_set == "normal" else members[0].run.data.metrics.get(f"covered_share/{test_set}")
            found = cell(members, checkpoint, test_set)
            if share is None or found is None or is_degraded(test_set):
                continue
            curve = on_curve(test_set, members[0].run.data.params.get("occlusion", ""))
            rows.append({"trained_on": variant, "tested_on": test_set, "curve": curve, "covered_share": share, **found})
    found = pd.DataFrame(rows, columns=COLUMNS)
    order = found["trained_on"].map(rows_of(trials).index)
    return found.assign(order=order).sort_values(["order", "covered_share"], ignore_index=True).drop(columns="order")
