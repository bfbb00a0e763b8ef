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
    from fer_exp.tracking import Place, Run

CHECKPOINTS = ("best", "last")


class Trial(NamedTuple):
    """A finished run; `predictions` by checkpoint, empty where they are missing; `resolution` where others differ."""

    run: Run
    predictions: dict[str, Predictions]
    resolution: str = ""

    @property
    def seed(self) -> str:
        """Of its training."""
        return self.run.data.params.get("seed", "")

    @property
    def variant(self) -> str:
        """What it was trained on: its row of the matrix."""
        return " ".join(filter(None, [self.run.data.params["data"], self.resolution]))


def load(place: Place, runs: list[Run]) -> tuple[list[Trial], list[str]]:
    """The runs with their predictions, and a line for each that cannot be compared with the others.

    Runs are compared face by face, on the test faces and classes that most of them have: a run with other ones, or
    without predictions, is left out. Where none has predictions, the logged accuracies stand alone.
    """
    found, notes = [], []
    with TemporaryDirectory() as folder:
        for run, resolution in zip(runs, _resolutions(runs), strict=True):
            try:
                files = {c: tracking.fetch(place, run, f"predictions/{c}.parquet", Path(folder)) for c in CHECKPOINTS}
                predictions = {c: Predictions.of(pd.read_parquet(f)) for c, f in files.items()}
                found.append(Trial(run, predictions, resolution))
            except (UserError, OSError, ValueError, KeyError) as error:
                found.append(Trial(run, {}, resolution))
                notes.append(
                    f"{run.info.run_name}: left out of what is compared face by face, no predictions ({error})"
                )
    kinds = [_faces(trial) for trial in found]
    if not any(kinds):
        return found, notes
    common, _ = Counter(filter(None, kinds)).most_common(1)[0]
    for trial, kind in zip(found, kinds, strict=True):
        if kind and kind != common:
            what = "classes" if kind[0] != common[0] else "test faces"
            notes.append(f"{trial.run.info.run_name}: left out, other {what} than the others")
    return [trial for trial, kind in zip(found, kinds, strict=True) if kind == common], notes


def rows_of(trials: Iterable[Trial]) -> list[str]:
    """The rows of a matrix, in order: by variant, the pictures as they are before those of fewer pixels."""

    def place(row: str) -> tuple[int, int]:
        variant, _, resolution = row.partition(" ")
        return VARIANTS.index(variant), -int(resolution.removesuffix("px") or 10**6)

    return sorted({trial.variant for trial in trials}, key=place)


def _resolutions(runs: list[Run]) -> list[str]:
    """`28px` of each run whose pictures were reduced (dataset.degrade), where runs differ in that."""
    values = [run.data.params.get("dataset.degrade", "None") for run in runs]
    return [f"{v}px" if v != "None" and len(set(values)) > 1 else "" for v in values]


def _faces(trial: Trial) -> tuple | None:
    if not trial.predictions:
        return None
    predictions = trial.predictions["best"]
    forms = tuple(form for form in ("normal", "occluded") if form in predictions.probabilities)
    return predictions.classes, hash(tuple(predictions.ids)), forms
