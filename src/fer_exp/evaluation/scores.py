"""From predictions to metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from fer_exp.evaluation.intervals import accuracy_interval
from fer_exp.evaluation.statistics import Interval

if TYPE_CHECKING:
    from fer_exp.evaluation.own_metrics import OwnMetric
    from fer_exp.evaluation.predictions import Predictions

NONE: Mapping[str, float] = MappingProxyType({})


class Scores(NamedTuple):
    """How a checkpoint did on a test set of n faces. All but loss, n and own metrics are in 0..1."""

    n: int
    accuracy: float
    interval: Interval
    balanced_accuracy: float
    macro_f1: float
    loss: float
    recall: np.ndarray  # (classes,), NaN where a class has no face
    confusion: np.ndarray  # (classes, classes) int, true x predicted
    own: Mapping[str, float] = NONE  # a user's metrics by name


def score(
    labels: np.ndarray,
    probabilities: np.ndarray,
    metrics: Sequence[OwnMetric] = (),
    groups: np.ndarray | None = None,
) -> Scores:
    """Score predictions; balanced accuracy and macro F1 are means over the classes that occur.

    Args:
        labels: (n,) int.
        probabilities: (n, classes); rows sum to 1.
        metrics: of the user's own.
        groups: (n,) str, who is on each face, where that is known: the interval is then over people.

    Raises:
        ValueError: there are no faces.
    """
    from sklearn.metrics import confusion_matrix, f1_score, log_loss

    n, classes = probabilities.shape
    if not n:
        raise ValueError("no faces to score")
    predicted = probabilities.argmax(1)
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(1, keepdims=True)  # float32 rows sum to 1 within 1e-7 only
    confusion = confusion_matrix(labels, predicted, labels=range(classes))
    support = confusion.sum(1)
    recall = np.where(support > 0, confusion.diagonal() / np.maximum(support, 1), np.nan)
    hits = int(confusion.trace())
    present = np.flatnonzero(support)
    return Scores(
        n=n,
        accuracy=hits / n,
        interval=accuracy_interval(predicted == labels, groups),
        balanced_accuracy=float(np.nanmean(recall)),
        macro_f1=float(f1_score(labels, predicted, labels=present, average="macro", zero_division=0)),
        loss=float(log_loss(labels, exact, labels=range(classes))),
        recall=recall,
        confusion=confusion,
        own={metric.name: metric.value(labels, probabilities) for metric in metrics},
    )


def score_test_sets(predictions: Predictions, metrics: Sequence[OwnMetric] = ()) -> dict[str, Scores]:
    """Score the predictions on every test set."""
    return {
        name: score(predictions.labels, predictions.on(name), metrics, predictions.groups)
        for name in predictions.test_sets
    }


def relative_change(value: float, reference: float) -> float:
    """Return (value - reference) / reference, the studies' "Veraenderung"; NaN where the reference is 0."""
    return (value - reference) / reference if reference else float("nan")


def recall_table(by_set: dict[str, Scores], classes: tuple[str, ...]) -> pd.DataFrame:
    """Return a row per class: recall on each test set."""
    return pd.DataFrame({"class": classes} | {name: s.recall.round(4) for name, s in by_set.items()})


def accuracy_without(checkpoint: str, predictions: Predictions, twins: np.ndarray) -> dict[str, float]:
    """Return the accuracy on each test set without the faces that have a twin in training, by its metric's name.

    Args:
        checkpoint: best or last.
        predictions: on the test faces.
        twins: (m,) ids of the faces to leave out.

    Returns:
        Nothing where no face is left out, or none is left.
    """
    kept = ~np.isin(predictions.ids, twins)
    if kept.all() or not kept.any():
        return {}
    return {
        f"{checkpoint}_without_twins/{name}": round(float(predictions.correct(name)[kept].mean()), 4)
        for name in predictions.test_sets
    }


def named_metrics(checkpoint: str, by_set: dict[str, Scores], own_test_set: str) -> dict[str, float]:
    """Return the test metrics of a checkpoint by the names that stay, rounded to 4 digits.

    Args:
        checkpoint: best or last.
        by_set: scores on each test set.
        own_test_set: that of the training variant, which changes refer to.
    """
    values: dict[str, float] = {}
    for name, s in by_set.items():
        values[f"{checkpoint}/{name}"] = s.accuracy
        values[f"{checkpoint}_balanced_accuracy/{name}"] = s.balanced_accuracy
        values[f"{checkpoint}_macro_f1/{name}"] = s.macro_f1
        values[f"{checkpoint}_loss/{name}"] = s.loss
        values[f"{checkpoint}_ci_low/{name}"] = s.interval.low
        values[f"{checkpoint}_ci_high/{name}"] = s.interval.high
        values |= {f"{checkpoint}_{metric}/{name}": value for metric, value in s.own.items()}
        if own_test_set in by_set:
            values[f"{checkpoint}_change/{name}"] = relative_change(s.accuracy, by_set[own_test_set].accuracy)
    return {key: round(value, 4) for key, value in values.items() if np.isfinite(value)}
