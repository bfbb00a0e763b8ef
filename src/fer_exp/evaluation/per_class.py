"""What the bar takes from each class: recall lost, confusions created, trust misplaced."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from fer_exp.evaluation.calibration import scale
from fer_exp.evaluation.results import RunResult
from fer_exp.evaluation.statistics import Reliability, difference, reliability


def recall_lost(results: list[RunResult], checkpoint: str) -> pd.DataFrame:
    """Return the recall of each class without and with the bar, and what is lost, the greatest loss first.

    Columns: class, faces, normal and occluded (recall, mean over runs), lost (their difference), low, high: the 95 %
    interval by a paired bootstrap over the faces of the class and over seeds: both forms of the same faces, seen by
    the same networks. NaN where all faces of a class changed alike.
    """
    first = results[0].predictions[checkpoint]
    rows = []
    for label, name in enumerate(first.classes):
        in_class = first.labels == label
        if not in_class.any():
            continue
        normal, occluded = (
            np.stack([r.predictions[checkpoint].correct(form)[in_class] for r in results])
            for form in ("normal", "occluded")
        )
        lost = difference(normal, occluded, paired=True)
        ends = lost.interval if lost.interval.low < lost.interval.high else (np.nan, np.nan)  # too few faces to tell
        row = {"class": name, "faces": int(in_class.sum()), "normal": normal.mean(), "occluded": occluded.mean()}
        rows.append(row | {"lost": lost.value, "low": ends[0], "high": ends[1]})
    return pd.DataFrame(rows).sort_values("lost", ascending=False, ignore_index=True)


def confusion_change(results: list[RunResult], checkpoint: str) -> np.ndarray:
    """Return the share of a true class (row) given an answer (column), bar minus no bar, (classes, classes)."""
    changes = []
    for result in results:
        predictions = result.predictions[checkpoint]
        counts = [
            confusion_matrix(predictions.labels, predictions.on(form).argmax(1), labels=range(len(predictions.classes)))
            for form in ("occluded", "normal")
        ]
        covered, uncovered = (c / np.maximum(c.sum(1, keepdims=True), 1) for c in counts)
        changes.append(covered - uncovered)
    return np.mean(changes, axis=0)


def calibration(results: list[RunResult], checkpoint: str, test_set: str) -> Reliability:
    """Compare confidence with accuracy over the predictions of all runs together; see `reliability`."""
    predictions = [r.predictions[checkpoint] for r in results]
    return reliability(
        np.concatenate([p.on(test_set) for p in predictions]), np.concatenate([p.labels for p in predictions])
    )


def scaled_error(results: list[RunResult], checkpoint: str, test_set: str) -> float | None:
    """Return the calibration error with each run's predictions at its own temperature; None where one has none."""
    temperatures = [r.run.data.metrics.get(f"{checkpoint}_temperature") for r in results]
    scaled = [
        scale(r.predictions[checkpoint].on(test_set), temperature)
        for r, temperature in zip(results, temperatures, strict=True)
        if temperature is not None
    ]
    if len(scaled) < len(results):
        return None
    labels = np.concatenate([r.predictions[checkpoint].labels for r in results])
    return reliability(np.concatenate(scaled), labels).error
