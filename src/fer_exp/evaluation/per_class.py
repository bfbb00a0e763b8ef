"""What the bar takes from each class: recall lost, confusions created, trust misplaced."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from fer_exp.evaluation.calibration import scale
from fer_exp.evaluation.matrix import crossed_means
from fer_exp.evaluation.people import FEW_PEOPLE
from fer_exp.evaluation.results import RunResult
from fer_exp.evaluation.statistics import Reliability, reliability

FEW_FACES = 30  # below, the distribution of a mean is too far from the one that intervals take


def recall_lost(results: list[RunResult], checkpoint: str) -> dict[str, pd.DataFrame]:
    """Return for each row the recall of each class without and with the bar, and what is lost, the greatest loss first.

    Columns: class, faces, normal and occluded (recall, mean over runs), lost (their difference), low, high: its 95 %
    interval within -1..1 over the faces of the class and over seeds (over faces alone where no row has two seeds):
    both forms of the same faces, seen by the same networks; unknown: why there is no interval (NaN), else "".
    """
    first = next(r.predictions[checkpoint] for r in results if r.predictions)
    rows: dict[str, list[dict[str, object]]] = {}
    for label, name in enumerate(first.classes):
        in_class = first.labels == label
        forms = ("normal", "occluded")
        means = crossed_means(results, checkpoint, forms, in_class) if in_class.any() else None
        if means is None:
            continue
        for row in means.seeds:
            normal, occluded = (means.by_seed[row, form].mean() for form in forms)
            lost = means.estimate({(row, "normal"): 1.0, (row, "occluded"): -1.0})
            low, high = lost.interval
            unknown = "" if np.isfinite(low) else "all faces changed alike"
            if means.faces < FEW_FACES:
                low, high, unknown = np.nan, np.nan, f"fewer than {FEW_FACES} faces"
            elif len(means.people.starts) < FEW_PEOPLE:
                low, high, unknown = np.nan, np.nan, f"fewer than {FEW_PEOPLE} people"
            line = {"class": name, "faces": means.faces, "normal": normal, "occluded": occluded, "lost": lost.value}
            rows.setdefault(row, []).append(line | {"low": low, "high": high, "unknown": unknown})
    return {
        row: pd.DataFrame(lines).sort_values("lost", ascending=False, ignore_index=True) for row, lines in rows.items()
    }


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
