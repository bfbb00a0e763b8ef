"""From checkpoints and test sets to one table of predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from fer_exp.inputs.variants import TEST_SETS, Items, alternate, items

if TYPE_CHECKING:
    import keras

    from fer_exp.inputs.source import Features, Source


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

    from fer_exp.inputs.batches import batches, padded

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
