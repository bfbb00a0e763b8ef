"""Accuracy per value of what a metadata file says of the faces: age, gender, skin, ..."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fer_exp.evaluation.estimates import proportion_interval
from fer_exp.evaluation.intervals import accuracy_interval
from fer_exp.evaluation.matrix import crossed_means
from fer_exp.evaluation.predictions import Predictions
from fer_exp.evaluation.results import RunResult, matrix_rows

MOST = 12  # values; columns of more numbers are cut into PARTS, columns of more words say nothing
PARTS = 4
UNKNOWN = "not known"


def subgroups(values: np.ndarray) -> tuple[np.ndarray, list[str]] | None:
    """Return the position (n,) int64 of each face's value, and the values in order; those not known come last.

    More than MOST numbers become PARTS ranges with about as many faces each; None for more than MOST words, and where
    all faces have one value.

    Args:
        values: (n,) str, "" where a face has none.
    """
    known = values != ""
    names: list[str] = sorted(set(values[known].tolist()), key=_order)
    if len(names) > MOST:
        numbers = pd.to_numeric(pd.Series(values[known]), errors="coerce").to_numpy(float)
        if not np.isfinite(numbers).all():
            return None
        edges = np.unique(np.quantile(numbers, np.arange(1, PARTS) / PARTS, method="inverted_cdf"))
        part = np.searchsorted(edges, numbers)  # an edge belongs to the range that it ends
        present = np.unique(part)
        names = [f"{numbers[part == k].min():g} to {numbers[part == k].max():g}" for k in present]
        of_known = np.searchsorted(present, part)
    else:
        position = {name: k for k, name in enumerate(names)}
        of_known = np.array([position[value] for value in values[known].tolist()], np.int64)
    positions = np.full(len(values), len(names), np.int64)
    positions[known] = of_known
    if not known.all():
        names = [*names, UNKNOWN]
    return (positions, names) if len(names) > 1 else None


def _order(name: str) -> tuple[bool, float, str]:
    """Return a key that orders numbers by size, before words."""
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name


def accuracy_by(predictions: Predictions, column: str) -> pd.DataFrame | None:
    """Return a row per value and test set: value, faces, tested_on, accuracy, and its 95 % interval.

    It is that of `accuracy_interval`. None where the column makes no
    groups; see `subgroups`.
    """
    found = subgroups(predictions.metadata[column])
    if found is None:
        return None
    positions, names = found
    rows = []
    for k, name in enumerate(names):
        for test_set in predictions.test_sets:
            of_value = positions == k
            people = None if predictions.groups is None else predictions.groups[of_value]
            correct = predictions.correct(test_set)[of_value]
            interval = accuracy_interval(correct, people)
            rows.append((name, len(correct), test_set, float(correct.mean()), *interval))
    columns = ["value", "faces", "tested_on", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns).round(4)


def compare_values(
    results: list[RunResult], checkpoint: str, column: str, test_sets: Sequence[str]
) -> pd.DataFrame | None:
    """Return the same of several runs, with a row also per training variant: trained_on comes first.

    Accuracies are means over the runs of a variant. Where some variant has several, intervals are over faces and
    seeds. None where the column makes no groups, or runs have no comparable predictions.
    """
    first = results[0].predictions.get(checkpoint) if results else None
    found = None if first is None or column not in first.metadata else subgroups(first.metadata[column])
    if first is None or found is None:
        return None
    positions, names = found
    means = {
        (k, test_set): crossed_means(results, checkpoint, [test_set], positions == k)
        for k in range(len(names))
        for test_set in test_sets
    }
    rows = []
    for variant in matrix_rows(results):
        for (k, test_set), of_value in means.items():
            if of_value is None or (variant, test_set) not in of_value.cells:
                continue
            estimate = of_value.estimate({(variant, test_set): 1.0})
            interval = proportion_interval(estimate)
            if not estimate.over_seeds:
                people = None if first.groups is None else first.groups[positions == k]
                (run,) = (r for r in results if r.variant == variant)
                interval = accuracy_interval(run.predictions[checkpoint].correct(test_set)[positions == k], people)
            rows.append((variant, names[k], of_value.faces, test_set, estimate.value, *interval))
    columns = ["trained_on", "value", "faces", "tested_on", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns).round(4) if rows else None
