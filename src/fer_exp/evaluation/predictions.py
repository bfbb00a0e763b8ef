"""From checkpoints and test sets to one table of predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from fer_exp.inputs.variants import TEST_SETS, alternate, build_samples

if TYPE_CHECKING:
    import keras

    from fer_exp.inputs.source import Features, Source
    from fer_exp.inputs.variants import Samples


GROUP = "group"  # the column of who is on a picture
METADATA = "metadata:"  # begins the columns of what a metadata file says
NOTHING: Mapping[str, np.ndarray] = MappingProxyType({})


class Predictions(NamedTuple):
    """Probabilities (n, classes) float32 of the same faces on each test set that was looked at.

    `groups` (n,) str says who is on each picture, where that is known; `metadata` has further columns (n,) str.
    """

    ids: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    probabilities: dict[str, np.ndarray]
    groups: np.ndarray | None = None
    metadata: Mapping[str, np.ndarray] = NOTHING

    def to_table(self) -> pd.DataFrame:
        """Return a row per face: id, label, and `<test set>/<class>` probabilities; mixed is derived, not stored.

        Where they are known, who is on a picture is `group`, and a column NAME of the metadata file `metadata:NAME`.
        """
        columns = {"id": self.ids, "label": np.asarray(self.classes)[self.labels]}
        columns |= {} if self.groups is None else {GROUP: self.groups}
        columns |= {f"{METADATA}{name}": values for name, values in self.metadata.items()}
        for test_set, p in self.probabilities.items():
            columns |= {f"{test_set}/{name}": p[:, i] for i, name in enumerate(self.classes)}
        return pd.DataFrame(columns)

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Predictions:
        """Return the predictions that `to_table` made a table of.

        Raises:
            ValueError, KeyError: it is not such a table.
        """
        further = [column for column in table.columns if column.startswith(METADATA)]
        names = [tuple(column.split("/", 1)) for column in table.columns if "/" in column and column not in further]
        forms = dict.fromkeys(form for form, _ in names)
        classes = tuple(name for form, name in names if form == "normal")
        labels = pd.Categorical(table["label"], categories=classes).codes.astype(np.int64)
        if not classes or (labels < 0).any():
            raise ValueError("labels and columns name different classes")
        probabilities = {form: table[[f"{form}/{name}" for name in classes]].to_numpy() for form in forms}
        groups = table[GROUP].to_numpy(str) if GROUP in table.columns else None
        metadata = {column.removeprefix(METADATA): table[column].to_numpy(str) for column in further}
        return cls(table["id"].to_numpy(), labels, classes, probabilities, groups, metadata)

    def correct(self, test_set: str) -> np.ndarray:
        """Return whether each face is recognised, (n,) bool."""
        return self.on(test_set).argmax(1) == self.labels

    def among(self, classes: tuple[str, ...]) -> Predictions:
        """Return the answers among some of the classes: their probabilities, scaled to sum to 1.

        Every face must be of one of them.
        """
        chosen = [self.classes.index(name) for name in classes]
        labels = np.array([chosen.index(label) for label in self.labels.tolist()], np.int64)
        smallest = np.finfo(np.float32).tiny  # a network may be sure that it is none of them
        parts = {form: np.maximum(p[:, chosen], smallest) for form, p in self.probabilities.items()}
        probabilities = {form: p / p.sum(1, keepdims=True) for form, p in parts.items()}
        return self._replace(labels=labels, classes=classes, probabilities=probabilities)

    def on(self, test_set: str) -> np.ndarray:
        """Return the probabilities on a test set; on mixed, each face in the form that study A's rule gives it."""
        if test_set != "mixed":
            return self.probabilities[test_set]
        covered = alternate(self.labels)
        return np.where(covered[:, None], self.probabilities["occluded"], self.probabilities["normal"])

    @property
    def test_sets(self) -> tuple[str, ...]:
        """Return all three, or normal alone where nothing could be covered; then those named by their occluders."""
        main = TEST_SETS if "occluded" in self.probabilities else ("normal",)
        return main + tuple(form for form in self.probabilities if form not in TEST_SETS)


def predict(
    models: Mapping[int, keras.Model], source: Source | Features, rows: np.ndarray, batch_size: int
) -> dict[int, Predictions]:
    """Predict each face uncovered and, where the source knows how, covered and as its other test sets have it.

    Faces stay in file order, never shuffled, and every picture is read once, whatever the number of checkpoints.

    Args:
        models: checkpoints by epoch.
        source: the pictures, or their features.
        rows: (n,) the test part's rows in natural file order.
        batch_size: pictures per step; it does not change the result.
    """
    from tqdm import tqdm

    faces = source.faces
    forms = [*(("normal", "occluded") if source.placement is not None else ("normal",)), *source.extra_test_sets]
    probabilities: dict[int, dict[str, np.ndarray]] = {epoch: {} for epoch in models}
    with tqdm(total=len(rows) * len(forms), desc="testing", unit=" faces", delay=2) as bar:
        for form in forms:
            tested, variant = source.for_test_set(form)
            samples = build_samples(variant, rows, faces.labels[rows])
            for epoch, found in predict_samples(models, tested, samples, batch_size, bar.update).items():
                probabilities[epoch][form] = found
    tested_faces = faces.take(rows)
    of_faces = tested_faces.groups, tested_faces.metadata
    return {
        e: Predictions(tested_faces.ids, tested_faces.labels, faces.classes, p, *of_faces)
        for e, p in probabilities.items()
    }


def predict_samples(
    models: Mapping[int, keras.Model],
    source: Source | Features,
    samples: Samples,
    batch_size: int,
    progress: Callable[[int], object] = lambda count: None,
) -> dict[int, np.ndarray]:
    """Return the probabilities of each model on the same pictures, (n, classes) float32, in the samples' order.

    They are means over a picture and its mirror image where the source says so.

    Args:
        models: checkpoints by epoch.
        source: the pictures, or their features.
        samples: which of them, and in which form.
        batch_size: pictures per step; it does not change the result.
        progress: called with the number of pictures of each step.
    """
    from fer_exp.inputs.batches import batches, padded

    parts: dict[int, list[np.ndarray]] = {epoch: [] for epoch in models}
    for views in zip(*(batches(view, samples, batch_size) for view in source.views), strict=True):
        count = len(views[0][1])
        full_batches = [padded(images, batch_size) for images, _ in views]
        for epoch, model in models.items():
            found = sum(model.predict_on_batch(batch)[:count] for batch in full_batches)
            parts[epoch].append(found / len(views))
        progress(count)
    return {epoch: np.concatenate(found) for epoch, found in parts.items()}


def predict_checkpoints(
    models: Mapping[int, keras.Model],
    epochs: Mapping[str, int],
    source: Source | Features,
    rows: np.ndarray,
    batch_size: int,
) -> dict[str, Predictions]:
    """Return the predictions of checkpoints by their names.

    Args:
        models: checkpoints by epoch.
        epochs: name of each checkpoint (best, last) -> its epoch; two names may share one.
        source: as `predict` takes it.
        rows: as `predict` takes them.
        batch_size: pictures per step; at least 64 are taken.
    """
    by_epoch = predict(models, source, rows, max(64, batch_size))
    return {name: by_epoch[epoch] for name, epoch in epochs.items()}
