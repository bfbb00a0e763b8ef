"""Finished runs and what each of them predicted, as far as they can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from fer_exp import tracking
from fer_exp.config.data import VARIANTS
from fer_exp.config.test_datasets import form_of
from fer_exp.errors import UserError
from fer_exp.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from fer_exp.tracking import Run, TrackingStore

CHECKPOINTS = ("best", "last")


# parameters in which the rows of one matrix may differ beside the variant, their usual values, what follows the others
MARKS = (("dataset.degrade", "None", "px"), ("occlusion.fill", "color", ""), ("method", "plain", ""))
NOTHING: Mapping[str, Mapping[str, Predictions]] = MappingProxyType({})


class RunResult(NamedTuple):
    """A finished run and what it predicted.

    Attributes:
        run: as the store has it.
        predictions: by checkpoint; empty where they are missing.
        mark: what sets its row apart from others of the variant: resolution (28px), fill (inpaint), method (distill).
        elsewhere: predictions on other datasets, by their names in `test_datasets`, then by checkpoint.
    """

    run: Run
    predictions: dict[str, Predictions]
    mark: str = ""
    elsewhere: Mapping[str, Mapping[str, Predictions]] = NOTHING

    @property
    def seed(self) -> str:
        """Return the seed of its training."""
        return self.run.data.params.get("seed", "")

    @property
    def variant(self) -> str:
        """Return what it was trained on: its row of the matrix."""
        return " ".join(filter(None, [self.run.data.params["data"], self.mark]))

    def on(self, checkpoint: str, test_set: str) -> tuple[Predictions, str] | None:
        """Return the predictions on a column of the matrix, and which form of their faces it is; None without any."""
        own = self.predictions.get(checkpoint)
        if own is not None and test_set in own.test_sets:
            return own, test_set
        name, form = form_of(test_set)
        other = self.elsewhere.get(name, {}).get(checkpoint)
        return (other, form) if other is not None and form in other.probabilities else None

    def correct(self, checkpoint: str, test_set: str) -> np.ndarray:
        """Return whether each face of a column that it has predictions on is recognised, (n,) bool."""
        found = self.on(checkpoint, test_set)
        assert found is not None  # the caller has asked `on`
        predictions, form = found
        return predictions.correct(form)


def load(store: TrackingStore, runs: list[Run]) -> tuple[list[RunResult], list[str]]:
    """Load the runs with their predictions; return them, and a line for each that cannot be compared with the others.

    Runs are compared face by face, on the test faces and classes that most of them have: a run with other ones, or
    without predictions, is left out. Where none has predictions, the logged accuracies stand alone.
    """
    results, notes = [], []
    with TemporaryDirectory() as folder:
        for run, mark in zip(runs, find_marks(runs), strict=True):
            try:
                predictions = _download(store, run, "", Path(folder))
                named = {key.split(".")[1] for key in run.data.params if key.startswith("test_datasets.")}
                elsewhere = {name: _download(store, run, f".{name}", Path(folder)) for name in sorted(named)}
                results.append(RunResult(run, predictions, mark, elsewhere))
            except (UserError, OSError, ValueError, KeyError) as error:
                results.append(RunResult(run, {}, mark))
                notes.append(
                    f"{run.info.run_name}: left out of what is compared face by face: it has no predictions ({error})"
                )
    kinds = [_faces_and_classes(result.predictions) for result in results]
    if not any(kinds):
        return results, notes
    common, _ = Counter(filter(None, kinds)).most_common(1)[0]
    for result, kind in zip(results, kinds, strict=True):
        if kind and kind != common:
            what = "classes" if kind[0] != common[0] else "test faces"
            notes.append(f"{result.run.info.run_name}: left out, its {what} differ from those of the others")
    kept = [result for result, kind in zip(results, kinds, strict=True) if kind == common]
    for name in sorted({name for result in kept for name in result.elsewhere}):
        kept, of_name = _same_faces(kept, name)
        notes += of_name
    return kept, notes


def _download(store: TrackingStore, run: Run, ending: str, folder: Path) -> dict[str, Predictions]:
    """Return the predictions of a run by checkpoint; `ending` names another dataset."""
    return {name: download_predictions(store, run, f"{name}{ending}", folder) for name in CHECKPOINTS}


def download_predictions(store: TrackingStore, run: Run, name: str, folder: Path) -> Predictions:
    """Return what a run stored of its predictions under a name, such as that of a checkpoint.

    Raises:
        UserError: it has none.
        OSError, ValueError, KeyError: the file is damaged.
    """
    file = tracking.download_artifact(store, run, f"predictions/{name}.parquet", folder)
    return Predictions.from_table(pd.read_parquet(file))


def _same_faces(results: list[RunResult], name: str) -> tuple[list[RunResult], list[str]]:
    """Return the results, without those on another dataset that are of other faces than most, and a line for each."""
    kinds = [_faces_and_classes(result.elsewhere.get(name, {})) for result in results]
    common, _ = Counter(filter(None, kinds)).most_common(1)[0]
    kept, notes = [], []
    for result, kind in zip(results, kinds, strict=True):
        if kind and kind != common:
            elsewhere = {other: found for other, found in result.elsewhere.items() if other != name}
            kept.append(result._replace(elsewhere=elsewhere))
            notes.append(f"{result.run.info.run_name}: its faces or classes of {name} differ from those of the others")
        else:
            kept.append(result)
    return kept, notes


def matrix_rows(results: Iterable[RunResult]) -> list[str]:
    """Return the rows of a matrix, in order: by variant, what has no mark first, fewer pixels after more."""

    def order(row: str) -> tuple[int, int, list[str]]:
        variant, *words = row.split()
        pixels = [int(word.removesuffix("px")) for word in words if word.endswith("px")]
        others = [word for word in words if not word.endswith("px")]
        return VARIANTS.index(variant), -min(pixels, default=10**6), others

    return sorted({result.variant for result in results}, key=order)


def find_marks(runs: list[Run]) -> list[str]:
    """Return `28px inpaint distill` of each run: its resolution, fill and method, where runs differ in them."""
    marks: list[list[str]] = [[] for _ in runs]
    for key, usual, ending in MARKS:
        values = [run.data.params.get(key, usual) for run in runs]
        for mark, value in zip(marks, values, strict=True):
            if value != usual and len(set(values)) > 1:
                mark.append(f"{value}{ending}")
    return [" ".join(mark) for mark in marks]


def _faces_and_classes(
    predictions: Mapping[str, Predictions],
) -> tuple[tuple[str, ...], int, tuple[str, ...]] | None:
    if not predictions:
        return None
    best = predictions["best"]
    forms = tuple(form for form in ("normal", "occluded") if form in best.probabilities)
    return best.classes, hash(tuple(best.ids)), forms
