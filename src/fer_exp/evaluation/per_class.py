"""What the bar takes from each class: recall lost, confusions created, trust misplaced."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from fer_exp.evaluation.results import Trial
from fer_exp.evaluation.statistics import Reliability, difference, reliability


def recall_lost(trials: list[Trial], checkpoint: str) -> pd.DataFrame:
    """Recall of each class without and with the bar, and what is lost, the greatest loss first.

    Columns: class, faces, normal and occluded (recall, mean over runs), lost (their difference), low, high: the 95 %
    interval by a paired bootstrap over the faces of the class and over seeds: both forms of the same faces, seen by
    the same networks. NaN where all faces of a class changed alike.
    """
    first = trials[0].predictions[checkpoint]
    rows = []
    for label, name in enumerate(first.classes):
        mine = first.labels == label
        if not mine.any():
            continue
        normal, occluded = (
            np.stack([t.predictions[checkpoint].correct(form)[mine] for t in trials]) for form in ("normal", "occluded")
        )
        lost = difference(normal, occluded, paired=True)
        ends = lost.interval if lost.interval.low < lost.interval.high else (np.nan, np.nan)  # too few faces to tell
        row = {"class": name, "faces": int(mine.sum()), "normal": normal.mean(), "occluded": occluded.mean()}
        rows.append(row | {"lost": lost.value, "low": ends[0], "high": ends[1]})
    return pd.DataFrame(rows).sort_values("lost", ascending=False, ignore_index=True)


def confusion_created(trials: list[Trial], checkpoint: str) -> np.ndarray:
    """Share of a true class (row) that gets an answer (column), with the bar minus without, (classes, classes)."""
    changes = []
    for trial in trials:
        found = trial.predictions[checkpoint]
        counts = [
            confusion_matrix(found.labels, found.on(form).argmax(1), labels=range(len(found.classes)))
            for form in ("occluded", "normal")
        ]
        covered, plain = (c / np.maximum(c.sum(1, keepdims=True), 1) for c in counts)
        changes.append(covered - plain)
    return np.mean(changes, axis=0)


def calibration(trials: list[Trial], checkpoint: str, test_set: str) -> Reliability:
    """Confidence against accuracy of all runs' predictions together; see fer_exp.evaluation.statistics.reliability."""
    found = [t.predictions[checkpoint] for t in trials]
    return reliability(np.concatenate([p.on(test_set) for p in found]), np.concatenate([p.labels for p in found]))
