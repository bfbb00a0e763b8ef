"""Faces that a network recognises, and no longer does under the bar; where it looked in both."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_exp import tracking
from fer_exp.config.compose import from_stored
from fer_exp.errors import DataError
from fer_exp.evaluation import gradcam
from fer_exp.inputs import source as sources
from fer_exp.inputs.batches import batches
from fer_exp.inputs.variants import items
from fer_exp.landmarks import detect as landmarks
from fer_exp.system.workers import worker_count
from fer_exp.training.checkpoints import load

if TYPE_CHECKING:
    from fer_exp.evaluation.results import Trial
    from fer_exp.tracking import Place

SHOWN = 6


class Example(NamedTuple):
    """A face in both forms: pictures (h, w, c) in 0..255, heat (h', w') in 0..1 for the answer given, words above."""

    pictures: tuple[np.ndarray, np.ndarray]
    heats: tuple[np.ndarray, np.ndarray]
    words: tuple[str, str]


def flips(trial: Trial, checkpoint: str = "best") -> np.ndarray:
    """Positions of faces that are right uncovered and wrong covered, the surest of them first, one class in turn."""
    found = trial.predictions[checkpoint]
    flipped = np.flatnonzero(found.correct("normal") & ~found.correct("occluded"))
    sure = np.minimum(found.on("normal").max(1), found.on("occluded").max(1))
    flipped = flipped[np.argsort(-sure[flipped], kind="stable")]
    turn = {at: int((found.labels[flipped[:i]] == found.labels[at]).sum()) for i, at in enumerate(flipped)}
    return np.array(sorted(flipped, key=lambda at: turn[at]), int)[:SHOWN]


def collect(place: Place, trial: Trial, checkpoint: str = "best") -> list[Example]:
    """The examples of a run: its pictures read again, its checkpoint asked where it looked.

    Raises:
        UserError: the dataset or the checkpoint is not there any more.
    """
    chosen, found = flips(trial, checkpoint), trial.predictions[checkpoint]
    if not len(chosen):
        return []
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cfg = from_stored(tracking.told(place, trial.run))
        (file,) = tracking.checkpoint_files(place, trial.run, checkpoint).values()
        model = load(tracking.fetch(place, trial.run, file, folder))
    faces = landmarks.load(cfg.dataset, size=cfg.model.size, workers=worker_count(cfg.workers))
    if faces.fingerprint != trial.run.data.tags["dataset.fingerprint"]:
        raise DataError(f"the faces of {faces.name} are not those of {trial.run.info.run_name} any more")
    source = sources.of(faces, cfg)
    rows = np.flatnonzero(np.isin(faces.ids, found.ids[chosen]))
    rows = rows[[list(faces.ids[rows]).index(name) for name in found.ids[chosen]]]
    pictures, heats, words = {}, {}, {}
    for form in ("normal", "occluded"):
        pictures[form] = next(batches(source, items(form, rows, faces.labels[rows]), len(rows)).as_numpy_iterator())[0]
        probabilities = found.on(form)[chosen]
        heats[form] = gradcam.heat(model, pictures[form], probabilities.argmax(1))
        said = [found.classes[c] for c in probabilities.argmax(1)]
        words[form] = [f"{name} {p:.2f}" for name, p in zip(said, probabilities.max(1), strict=True)]
    true = [found.classes[label] for label in found.labels[chosen]]
    return [
        Example(
            (pictures["normal"][i], pictures["occluded"][i]),
            (heats["normal"][i], heats["occluded"][i]),
            (f"{true[i]}, seen as {words['normal'][i]}", f"covered: {words['occluded'][i]}"),
        )
        for i in range(len(chosen))
    ]
