"""Faces of another dataset for a stored run: which of them it is tested on, and under which classes."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_exp.config.dataset import FolderConfig
from fer_exp.datasets import image_folder
from fer_exp.datasets.class_names import under_classes
from fer_exp.datasets.listing import natural
from fer_exp.errors import UserError
from fer_exp.landmarks import detect

if TYPE_CHECKING:
    from fer_exp.config.dataset import DatasetConfig
    from fer_exp.config.train import TrainConfig
    from fer_exp.datasets.faces import Faces

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


def load(cfg: DatasetConfig, trained: TrainConfig, known: tuple[str, ...], workers: int) -> OtherFaces:
    """Load the faces of another dataset for a run that knows some classes, and say what is tested.

    Raises:
        UserError: the faces cannot be used, or have fewer than two classes in common with the run.
    """
    faces = detect.load(cfg, size=trained.model.size, workers=workers)
    warn_of_trained_on(faces, trained, workers)
    every = isinstance(cfg, FolderConfig) and image_folder.find_parts(cfg)[1] is None
    if every:
        faces = as_test_part(faces)
    tested = len(faces.rows("test"))
    chosen, classes = under_classes(faces, known)
    kept = len(chosen.rows("test"))
    log.info("%s: %d faces are tested%s", cfg.name, kept, ", all that there are: it has no test part" if every else "")
    if kept < tested:
        log.warning("warning: %d faces are left out: the run does not know their classes", tested - kept)
    if classes != known:
        log.warning(
            "warning: the run also knows %s, which these faces have not: answers are taken among the %d classes that "
            "both have (%s); chance is %.3f",
            ", ".join(name for name in known if name not in classes),
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


def warn_of_trained_on(faces: Faces, trained: TrainConfig, workers: int) -> None:
    """Warn of how many of the faces to test on are among those that the run was trained on."""
    try:
        own = detect.load(trained.dataset, size=trained.model.size, workers=workers)
    except UserError as error:
        log.warning("warning: not checked whether these faces occur in the run's training part: %s", error)
        return
    known = np.isin(faces.digests[faces.rows("test")], own.digests[own.rows("train")]).sum()
    if known:
        log.warning("warning: %d of the faces tested on also occur in the run's training part", known)
