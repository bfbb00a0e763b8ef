"""A checkpoint and the test sets -> one table of predictions -> metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from fer_exp.statistics import Interval, wilson
from fer_exp.variants import TEST_SETS, Items, alternate, items

if TYPE_CHECKING:
    import keras

    from fer_exp.source import Features, Source


class Scores(NamedTuple):
    """How a checkpoint did on a test set of n faces. All but loss and n are in 0..1."""

    n: int
    accuracy: float
    interval: Interval
    balanced_accuracy: float
    macro_f1: float
    loss: float
    recall: np.ndarray  # (classes,), NaN where a class has no face
    confusion: np.ndarray  # (classes, classes) int, true x predicted


class Predictions(NamedTuple):
    """Probabilities (n, classes) float32 of the same faces on each test set that was looked at."""

    ids: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    probabilities: dict[str, np.ndarray]

    def table(self) -> pd.DataFrame:
        """A row per face: id, label, and `<test set>/<class>` probabilities; mixed is derived, not stored."""
        columns = {"id": self.ids, "label": np.asarray(self.classes)[self.labels]}
        for test_set, p in self.probabilities.items():
            columns |= {f"{test_set}/{name}": p[:, i] for i, name in enumerate(self.classes)}
        return pd.DataFrame(columns)

    @classmethod
    def of(cls, table: pd.DataFrame) -> Predictions:
        """From the table of `table()`.

        Raises:
            ValueError, KeyError: it is none.
        """
        names = [tuple(column.split("/", 1)) for column in table.columns if "/" in column]
        forms = dict.fromkeys(form for form, _ in names)
        classes = tuple(name for form, name in names if form == "normal")
        labels = pd.Categorical(table["label"], categories=classes).codes.astype(np.int64)
        if not classes or (labels < 0).any():
            raise ValueError("labels and columns name different classes")
        probabilities = {form: table[[f"{form}/{name}" for name in classes]].to_numpy() for form in forms}
        return cls(table["id"].to_numpy(), labels, classes, probabilities)

    def correct(self, test_set: str) -> np.ndarray:
        """Whether each face is recognised, (n,) bool."""
        return self.on(test_set).argmax(1) == self.labels

    def on(self, test_set: str) -> np.ndarray:
        """Probabilities on a test set; on mixed, each face in the form that study A's rule gives it."""
        if test_set != "mixed":
            return self.probabilities[test_set]
        covered = alternate(self.labels)
        return np.where(covered[:, None], self.probabilities["occluded"], self.probabilities["normal"])

    @property
    def test_sets(self) -> tuple[str, ...]:
        """All three, or normal alone where nothing could be covered; then those named by their occluders."""
        own = TEST_SETS if "occluded" in self.probabilities else ("normal",)
        return own + tuple(form for form in self.probabilities if form not in TEST_SETS)


def predict(
    models: Mapping[int, keras.Model], source: Source | Features, rows: np.ndarray, batch_size: int
) -> dict[int, Predictions]:
    """Predict each face uncovered and, where the source knows how, covered and as its other test sets have it.

    In file order, never shuffled.

    Every picture is read once, whatever the number of checkpoints.

    Args:
        models: checkpoints by epoch.
        source: the pictures, or their features.
        rows: (n,) the test part's rows in natural file order.
        batch_size: pictures per step; it does not change the result.
    """
    from tqdm import tqdm

    from fer_exp.inputs import batches, padded

    faces = source.faces
    forms = [*(("normal", "occluded") if source.cover is not None else ("normal",)), *source.others]
    found: dict[int, dict[str, np.ndarray]] = {epoch: {} for epoch in models}
    with tqdm(total=len(rows) * len(forms), desc="testing", unit=" faces", delay=2) as bar:
        for form in forms:
            seen, variant = source.seen_as(form)
            pictures: Items = items(variant, rows, faces.labels[rows])
            parts: dict[int, list[np.ndarray]] = {epoch: [] for epoch in models}
            for images, labels in batches(seen, pictures, batch_size):
                whole = padded(images, batch_size)
                for epoch, model in models.items():
                    parts[epoch].append(model.predict_on_batch(whole)[: len(labels)])
                bar.update(len(labels))
            for epoch in models:
                found[epoch][form] = np.concatenate(parts[epoch])
    return {e: Predictions(faces.ids[rows], faces.labels[rows], faces.classes, p) for e, p in found.items()}


def score(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Metrics of predictions; balanced accuracy and macro F1 are means over the classes that occur.

    Args:
        labels: (n,) int.
        probabilities: (n, classes); rows sum to 1.

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
        interval=wilson(hits, n),
        balanced_accuracy=float(np.nanmean(recall)),
        macro_f1=float(f1_score(labels, predicted, labels=present, average="macro", zero_division=0)),
        loss=float(log_loss(labels, exact, labels=range(classes))),
        recall=recall,
        confusion=confusion,
    )


def scores(predictions: Predictions) -> dict[str, Scores]:
    """Scores on every test set."""
    return {name: score(predictions.labels, predictions.on(name)) for name in predictions.test_sets}


def relative_change(value: float, reference: float) -> float:
    """(value - reference) / reference, the studies' "Veraenderung"; NaN where the reference is 0."""
    return (value - reference) / reference if reference else float("nan")


def recall_table(by_set: dict[str, Scores], classes: tuple[str, ...]) -> pd.DataFrame:
    """A row per class: recall on each test set."""
    return pd.DataFrame({"class": classes} | {name: s.recall.round(4) for name, s in by_set.items()})


def metrics(checkpoint: str, by_set: dict[str, Scores], own: str) -> dict[str, float]:
    """The test metrics of a checkpoint by the names that stay, rounded to 4 digits.

    Args:
        checkpoint: best or last.
        by_set: scores on each test set.
        own: the test set of the training variant, which changes refer to.
    """
    found: dict[str, float] = {}
    for name, s in by_set.items():
        found[f"{checkpoint}/{name}"] = s.accuracy
        found[f"{checkpoint}_balanced_accuracy/{name}"] = s.balanced_accuracy
        found[f"{checkpoint}_macro_f1/{name}"] = s.macro_f1
        found[f"{checkpoint}_loss/{name}"] = s.loss
        found[f"{checkpoint}_ci_low/{name}"] = s.interval.low
        found[f"{checkpoint}_ci_high/{name}"] = s.interval.high
        if own in by_set:
            found[f"{checkpoint}_change/{name}"] = relative_change(s.accuracy, by_set[own].accuracy)
    return {key: round(value, 4) for key, value in found.items() if np.isfinite(value)}
