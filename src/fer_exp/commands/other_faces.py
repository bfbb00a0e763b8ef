"""Faces of another dataset: which of them a run is tested on, under which classes, and how it does there."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_exp.config.dataset import FolderConfig, OnBad
from fer_exp.config.test_datasets import other_datasets
from fer_exp.datasets import image_folder
from fer_exp.datasets.build import report_excluded
from fer_exp.datasets.class_names import under_classes
from fer_exp.datasets.faces import EMPTY_CLASS
from fer_exp.datasets.listing import natural
from fer_exp.datasets.twins import find_twins_between
from fer_exp.errors import UserError
from fer_exp.evaluation.predictions import Predictions, predict_checkpoints
from fer_exp.inputs.source import Source, describe_mask
from fer_exp.landmarks import detect
from fer_exp.training.checkpoints import load as load_checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_exp.config.dataset import DatasetConfig
    from fer_exp.config.occlusion import OcclusionConfig
    from fer_exp.config.train import TrainConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.training.checkpoints import Checkpoints

log = logging.getLogger(__name__)


class OtherFaces(NamedTuple):
    """Faces to test a run on.

    Attributes:
        faces: labelled as the run labels its own.
        classes: those that both have, in the run's order: answers are taken among them.
        every: whether every face is tested, because the dataset has no test part.
    """

    faces: Faces
    classes: tuple[str, ...]
    every: bool


class OtherTestSet(NamedTuple):
    """Another dataset that a run is tested on after its training.

    Attributes:
        source: its pictures.
        classes: those that both have.
        every: whether every face is tested.
        known: ids of the faces that stand in the run's training part as well, exactly or nearly.
    """

    source: Source
    classes: tuple[str, ...]
    every: bool
    known: np.ndarray

    def describe(self) -> str:
        """Return what is tested, in words: 280 faces of image_folder, all that there are, chance 0.143."""
        faces = self.source.faces
        words = [f"{len(self.source.rows('test'))} faces of {faces.name}"]
        if self.every:
            words.append("all that there are")
        if len(self.classes) < len(faces.classes):
            words.append(f"answers among {len(self.classes)} of {len(faces.classes)} classes")
        words.append(f"chance {1 / len(self.classes):.3f}")
        if mask := describe_mask(self.source):
            words.append(mask)
        if len(self.known):
            words.append(f"{len(self.known)} of them also in the training part, exactly or nearly")
        return ", ".join(words)


def load(cfg: DatasetConfig, size: int, known: tuple[str, ...], workers: int, name: str = "") -> OtherFaces:
    """Load the faces of another dataset for a run that knows some classes, and say what is tested.

    Args:
        cfg: the dataset.
        size: of the run's input, pixels.
        known: the run's classes, in the order of its outputs.
        workers: processes and threads.
        name: what messages call the dataset; its own name by default.

    Raises:
        UserError: the faces cannot be used, or have fewer than two classes in common with the run.
    """
    name = name or cfg.name
    # nothing is trained on these faces: a class of which there are none is no fault
    faces = detect.load(replace(cfg, on_bad=OnBad.skip), size=size, workers=workers)
    report_excluded([e for e in faces.excluded if not e.reason.startswith(EMPTY_CLASS)], cfg)
    every = isinstance(cfg, FolderConfig) and image_folder.find_parts(cfg)[1] is None
    if every:
        faces = as_test_part(faces)
    tested = len(faces.rows("test"))
    chosen, classes = under_classes(faces, known)
    kept = len(chosen.rows("test"))
    log.info("%s: %d faces are tested%s", name, kept, ", all that there are: it has no test part" if every else "")
    if kept < tested:
        log.warning("warning: %s: %d faces are left out: the run does not know their classes", name, tested - kept)
    if classes != known:
        log.warning(
            "warning: the run also knows %s, which the faces of %s have not: answers are taken among the %d classes "
            "that both have (%s); chance is %.3f",
            ", ".join(word for word in known if word not in classes),
            name,
            len(classes),
            ", ".join(classes),
            1 / len(classes),
        )
    return OtherFaces(chosen, classes, every)


def as_test_part(faces: Faces) -> Faces:
    """Return all faces as one test part, in natural file order."""
    ids = faces.ids.tolist()
    in_order = faces.take(np.array(sorted(range(len(ids)), key=lambda row: natural(ids[row]))))
    return replace(in_order, parts=np.full(len(ids), "test", "U5"))


def source_of(
    faces: Faces, trained: TrainConfig, dataset: DatasetConfig, occlusion: OcclusionConfig, tests: Sequence[str] = ()
) -> Source:
    """Return faces as a run's network gets them; they can be tested uncovered, whatever its training variant was."""
    data = replace(trained.data, name="normal")
    asked = replace(trained, data=data, dataset=dataset, occlusion=occlusion, tests=list(tests), test_datasets={})
    return Source.from_config(faces, asked)


def find_trained_on(faces: Faces, own: Faces, workers: int, name: str) -> np.ndarray:
    """Return the ids of the test faces that stand in a run's own training part as well, and warn of them."""
    twins = find_twins_between(own, own.rows("train"), faces, faces.rows("test"), workers)
    exact, near = (np.unique(pairs.test) for pairs in (twins.take(twins.exact), twins.near()))
    if len(exact):
        log.warning("warning: %d faces of %s also occur in the run's training part", len(exact), name)
    if len(near):
        log.warning("warning: %d faces of %s are nearly the same as faces in the run's training part", len(near), name)
    return faces.ids[np.union1d(exact, near)]


def warn_of_trained_on(faces: Faces, trained: TrainConfig, workers: int) -> None:
    """Warn of how many of the faces to test on are among those that the run was trained on."""
    try:
        own = detect.load(trained.dataset, size=trained.model.size, workers=workers)
    except UserError as error:
        log.warning("warning: not checked whether these faces occur in the run's training part: %s", error)
        return
    find_trained_on(faces, own, workers, faces.name)


def load_test_datasets(cfg: TrainConfig, own: Faces, workers: int) -> dict[str, OtherTestSet]:
    """Load the datasets that `test_datasets` names, before training: what is missing ends the run at once.

    Raises:
        UserError: the faces of one cannot be used; the message names it.
    """
    test_sets = {}
    for name, dataset in other_datasets(cfg.test_datasets, cfg.tests).items():
        key = f"test_datasets.{name}"
        try:
            faces, classes, every = load(dataset, cfg.model.size, own.classes, workers, key)
            source = source_of(faces, cfg, dataset, cfg.occlusion)
        except UserError as error:
            raise type(error)(f"{key}: {str(error).replace('dataset.', f'{key}.')}") from error
        test_sets[name] = OtherTestSet(source, classes, every, find_trained_on(faces, own, workers, key))
    return test_sets


def predict_test_datasets(
    test_sets: dict[str, OtherTestSet], checkpoints: Checkpoints, batch_size: int
) -> dict[str, dict[str, Predictions]]:
    """Return what the chosen checkpoints say of each other dataset, by its name and the checkpoint's."""
    if not test_sets:
        return {}
    networks = {epoch: load_checkpoint(checkpoints.path(epoch)) for epoch in set(checkpoints.epochs.values())}
    predictions = {}
    for name, test_set in test_sets.items():
        of_set = predict_checkpoints(
            networks, checkpoints.epochs, test_set.source, test_set.source.rows("test"), batch_size
        )
        predictions[name] = {checkpoint: found.among(test_set.classes) for checkpoint, found in of_set.items()}
    return predictions
