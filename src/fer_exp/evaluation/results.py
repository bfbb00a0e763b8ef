"""Finished runs and what each of them predicted, as far as they can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from fer_exp import tracking
from fer_exp.config.data import VARIANTS
from fer_exp.errors import UserError
from fer_exp.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from fer_exp.tracking import Run, TrackingStore

CHECKPOINTS = ("best", "last")


class RunResult(NamedTuple):
    """A finished run; `predictions` by checkpoint, empty where they are missing; `resolution` where others differ."""

    run: Run
    predictions: dict[str, Predictions]
    resolution: str = ""

    @property
    def seed(self) -> str:
        """Return the seed of its training."""
        return self.run.data.params.get("seed", "")

    @property
    def variant(self) -> str:
        """Return what it was trained on: its row of the matrix."""
        return " ".join(filter(None, [self.run.data.params["data"], self.resolution]))


def load(store: TrackingStore, runs: list[Run]) -> tuple[list[RunResult], list[str]]:
    """Load the runs with their predictions; return them, and a line for each that cannot be compared with the others.

    Runs are compared face by face, on the test faces and classes that most of them have: a run with other ones, or
    without predictions, is left out. Where none has predictions, the logged accuracies stand alone.
    """
    results, notes = [], []
    with TemporaryDirectory() as folder:
        for run, resolution in zip(runs, find_resolutions(runs), strict=True):
            try:
                files = {
                    c: tracking.download_artifact(store, run, f"predictions/{c}.parquet", Path(folder))
                    for c in CHECKPOINTS
                }
                predictions = {c: Predictions.from_table(pd.read_parquet(f)) for c, f in files.items()}
                results.append(RunResult(run, predictions, resolution))
            except (UserError, OSError, ValueError, KeyError) as error:
                results.append(RunResult(run, {}, resolution))
                notes.append(
                    f"{run.info.run_name}: left out of what is compared face by face: it has no predictions ({error})"
                )
    kinds = [_faces_and_classes(result) for result in results]
    if not any(kinds):
        return results, notes
    common, _ = Counter(filter(None, kinds)).most_common(1)[0]
    for result, kind in zip(results, kinds, strict=True):
        if kind and kind != common:
            what = "classes" if kind[0] != common[0] else "test faces"
            notes.append(f"{result.run.info.run_name}: left out, its {what} differ from those of the others")
    return [result for result, kind in zip(results, kinds, strict=True) if kind == common], notes


def matrix_rows(results: Iterable[RunResult]) -> list[str]:
    """Return the rows of a matrix, in order: by variant, the pictures as they are before those of fewer pixels."""

    def order(row: str) -> tuple[int, int]:
        variant, _, resolution = row.partition(" ")
        return VARIANTS.index(variant), -int(resolution.removesuffix("px") or 10**6)

    return sorted({result.variant for result in results}, key=order)


def find_resolutions(runs: list[Run]) -> list[str]:
    """Return `28px` of each run whose pictures were reduced (dataset.degrade), where runs differ in that."""
    values = [run.data.params.get("dataset.degrade", "None") for run in runs]
    return [f"{v}px" if v != "None" and len(set(values)) > 1 else "" for v in values]


def _faces_and_classes(result: RunResult) -> tuple[tuple[str, ...], int, tuple[str, ...]] | None:
    if not result.predictions:
        return None
    predictions = result.predictions["best"]
    forms = tuple(form for form in ("normal", "occluded") if form in predictions.probabilities)
    return predictions.classes, hash(tuple(predictions.ids)), forms
