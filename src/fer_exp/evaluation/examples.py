"""Faces that a network recognises uncovered but not covered, and where it looked in both pictures."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_exp import tracking
from fer_exp.config.compose import from_stored
from fer_exp.errors import DataError
from fer_exp.evaluation.gradcam import heatmaps
from fer_exp.inputs.batches import batches
from fer_exp.inputs.source import Source
from fer_exp.inputs.variants import build_samples
from fer_exp.landmarks import detect
from fer_exp.system.workers import worker_count
from fer_exp.training.checkpoints import load

if TYPE_CHECKING:
    from fer_exp.evaluation.results import RunResult
    from fer_exp.tracking import TrackingStore

SHOWN = 6


class Example(NamedTuple):
    """A face in both forms: pictures (h, w, c) in 0..255, heat (h', w') in 0..1 for the answer given, words above."""

    pictures: tuple[np.ndarray, np.ndarray]
    heats: tuple[np.ndarray, np.ndarray]
    words: tuple[str, str]


def flipped_faces(result: RunResult, checkpoint: str = "best") -> np.ndarray:
    """Return the positions of faces that are right uncovered and wrong covered, the surest first, one class in turn."""
    predictions = result.predictions[checkpoint]
    flipped = np.flatnonzero(predictions.correct("normal") & ~predictions.correct("occluded"))
    confidence = np.minimum(predictions.on("normal").max(1), predictions.on("occluded").max(1))
    flipped = flipped[np.argsort(-confidence[flipped], kind="stable")]
    labels = predictions.labels[flipped]
    turn = {face: int((labels[:i] == predictions.labels[face]).sum()) for i, face in enumerate(flipped)}
    return np.array(sorted(flipped, key=lambda face: turn[face]), int)[:SHOWN]


def collect(store: TrackingStore, result: RunResult, checkpoint: str = "best") -> list[Example]:
    """Collect the examples of a run: read its pictures again, and ask its checkpoint where it looked.

    Raises:
        UserError: the dataset or the checkpoint is not there any more.
    """
    chosen, predictions = flipped_faces(result, checkpoint), result.predictions[checkpoint]
    if not len(chosen):
        return []
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cfg = from_stored(tracking.load_config(store, result.run))
        (file,) = tracking.checkpoint_files(store, result.run, checkpoint).values()
        model = load(tracking.download_artifact(store, result.run, file, folder))
    faces = detect.load(cfg.dataset, size=cfg.model.size, workers=worker_count(cfg.workers))
    if faces.fingerprint != result.run.data.tags["dataset.fingerprint"]:
        raise DataError(f"the faces of {faces.name} are no longer those of {result.run.info.run_name}")
    source = Source.from_config(faces, cfg)
    rows = np.flatnonzero(np.isin(faces.ids, predictions.ids[chosen]))
    rows = rows[[list(faces.ids[rows]).index(name) for name in predictions.ids[chosen]]]
    pictures, heats, words = {}, {}, {}
    for form in ("normal", "occluded"):
        samples = build_samples(form, rows, faces.labels[rows])
        pictures[form] = next(batches(source, samples, len(rows)).as_numpy_iterator())[0]
        probabilities = predictions.on(form)[chosen]
        heats[form] = heatmaps(model, pictures[form], probabilities.argmax(1))
        answers = [predictions.classes[c] for c in probabilities.argmax(1)]
        words[form] = [f"{name} {p:.2f}" for name, p in zip(answers, probabilities.max(1), strict=True)]
    true = [predictions.classes[label] for label in predictions.labels[chosen]]
    return [
        Example(
            (pictures["normal"][i], pictures["occluded"][i]),
            (heats["normal"][i], heats["occluded"][i]),
            (f"{true[i]}, seen as {words['normal'][i]}", f"covered: {words['occluded'][i]}"),
        )
        for i in range(len(chosen))
    ]
