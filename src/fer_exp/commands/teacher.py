"""The teacher of a run that learns by distillation: which run it is, and what it says of the training faces."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_exp import tracking
from fer_exp.commands.predict_stored import behind_frozen_layers
from fer_exp.config.compose import from_stored
from fer_exp.config.method import AUTO, DistillConfig
from fer_exp.errors import UserError
from fer_exp.evaluation.predictions import predict_samples
from fer_exp.inputs.features import Needed
from fer_exp.inputs.variants import build_samples
from fer_exp.system.cache import cached, entry_dir
from fer_exp.training.checkpoints import load
from fer_exp.training.fit import own_randomness

if TYPE_CHECKING:
    from fer_exp.commands.prepare import Prepared
    from fer_exp.config.train import TrainConfig
    from fer_exp.inputs.source import Source

log = logging.getLogger(__name__)

FILE = "answers.npy"
BATCH = 64


def with_teachers_id(
    store: tracking.TrackingStore, cfg: TrainConfig, resolved: dict[str, Any]
) -> tuple[TrainConfig, dict[str, Any]]:
    """Return a configuration, typed and plain, that names its teacher by the whole id: a name may mean another later.

    Raises:
        UserError: what it names is no run, or several.
    """
    if not isinstance(cfg.method, DistillConfig) or cfg.method.teacher == AUTO:
        return cfg, resolved
    _, run = tracking.find_named(store, cfg.method.teacher, "method.teacher")
    found = {"teacher": run.info.run_id}
    return replace(cfg, method=replace(cfg.method, **found)), resolved | {"method": resolved["method"] | found}


def named_teacher(cfg: TrainConfig) -> str | None:
    """Return the run that a configuration names as the teacher, `AUTO`, or None where nothing is taught."""
    return cfg.method.teacher if isinstance(cfg.method, DistillConfig) else None


def as_teacher(resolved: dict[str, Any], words: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the configuration of the teacher that `auto` means for a run, and the words that ask for it.

    It is the run itself, but of uncovered faces, from the labels alone: what a sweep with data=normal has anyway.
    """
    changed = {
        "data": {"name": "normal"},
        "method": {"name": "plain"},
        "occlusion": resolved["occlusion"] | {"fill": "color"},
    }
    return resolved | changed, [*words, "data=normal", "method=plain", "occlusion.fill=color"]


def with_teacher(store: tracking.TrackingStore, run_id: str, prepared: Prepared) -> Prepared:
    """Return what is prepared with the answers of a teacher to every training face, uncovered.

    The answers are those of its best checkpoint, computed once and kept in the cache.

    Raises:
        UserError: there is no such run, it is not finished, or it knows other faces, classes or sizes.
    """
    store, run = tracking.find_run(store, run_id, "method.teacher")
    tracking.check_finished(run, "method.teacher")
    try:
        trained = from_stored(tracking.load_config(store, run))
        ((epoch, file),) = tracking.checkpoint_files(store, run, "best").items()
    except UserError as error:
        raise type(error)(f"method.teacher: {error}") from error
    source = prepared.source._replace(mirror=False)
    check_teacher(store, run, trained, source)
    faces, rows = source.faces, source.faces.rows("train")
    key = {"run": run.info.run_id, "file": file, "faces": faces.fingerprint, "degrade": source.degrade}

    def build() -> np.ndarray:
        log.info("%s, the teacher, is asked of %d uncovered training faces", tracking.run_title(run), len(rows))
        with own_randomness(), TemporaryDirectory() as scratch:
            networks = {epoch: load(tracking.download_artifact(store, run, file, Path(scratch)))}
            tested, seen = behind_frozen_layers(networks, source, trained, [Needed(rows, "normal")])
            of_rows = predict_samples(tested, seen, build_samples("normal", rows, faces.labels[rows]), BATCH)[epoch]
        answers = np.full((len(faces), len(faces.classes)), np.nan, np.float32)
        answers[rows] = of_rows
        return answers

    def read(folder: Path) -> np.ndarray:
        answers: np.ndarray = np.load(folder / FILE, allow_pickle=False)
        if answers.shape != (len(faces), len(faces.classes)) or not np.isfinite(answers[rows]).all():
            raise ValueError("not the answers to these faces")
        return answers

    answers = cached(entry_dir("answers", key), read, build, lambda folder, found: np.save(folder / FILE, found))
    return prepared._replace(answers=answers)


def check_teacher(store: tracking.TrackingStore, run: tracking.Run, trained: TrainConfig, source: Source) -> None:
    """Raise UserError unless a finished run can teach another one on these pictures."""
    name = f"method.teacher={run.info.run_id}: {tracking.run_title(run)}"
    faces = source.faces
    classes = tracking.class_names(store, run)
    if classes != faces.classes:
        raise UserError(f"{name} knows the classes {', '.join(classes)}, not {', '.join(faces.classes)}")
    if run.data.tags.get("dataset.fingerprint") != faces.fingerprint:
        raise UserError(f"{name} learned from other faces than these of {faces.name}; method.teacher=auto trains one")
    if (trained.model.size, trained.model.channels) != (source.size, source.channels):
        theirs, ours = (trained.model.size, trained.model.channels), (source.size, source.channels)
        raise UserError(
            f"{name} sees pictures of {theirs[0]} pixels and {theirs[1]} channels, this network {ours[0]} and {ours[1]}"
        )
