"""What a run needs before it is one: network, faces, split."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import keras
import numpy as np
from pooch import file_hash

from fer_exp import models
from fer_exp.commands.other_faces import OtherTestSet, load_test_datasets
from fer_exp.config.dataset import Duplicates
from fer_exp.datasets.people import warn_of_people
from fer_exp.datasets.twins import Twins, find_twins
from fer_exp.evaluation import own_metrics
from fer_exp.evaluation.own_metrics import OwnMetric
from fer_exp.inputs.source import Source
from fer_exp.inputs.split import Split, draw_split
from fer_exp.landmarks import detect
from fer_exp.system.workers import worker_count
from fer_exp.training.fit import seed_everything

if TYPE_CHECKING:
    from fer_exp.config.train import TrainConfig
    from fer_exp.datasets.faces import Faces

log = logging.getLogger(__name__)

FEW = 100  # validation faces of a class, of which two more or less move balanced accuracy by a quarter of a point
WEIGHTS_CLASSES_ALIKE = ("val_balanced_accuracy", "val_macro_f1", "val_balanced_loss")


class Prepared(NamedTuple):
    """What a run needs before it is one.

    Attributes:
        base: the backbone of a pretrained network; None where the model has none.
        weights: SHA-256 of the file of learned weights, or "none".
        source: the pictures.
        split: which of them to train and to validate on.
        twins: training faces that are also in the test part.
        metrics: of the user's own.
        test_datasets: other datasets that it is tested on at its end, by name.
        answers: (n, classes) float32 probabilities, what a teacher says of each training face, NaN for others; None
            where there is no teacher.
    """

    base: keras.Model | None
    weights: str
    source: Source
    split: Split
    twins: Twins
    metrics: list[OwnMetric]
    test_datasets: dict[str, OtherTestSet]
    answers: np.ndarray | None = None

    @property
    def faces(self) -> Faces:
        """Return the table of faces."""
        return self.source.faces


def prepare(cfg: TrainConfig, faces: Faces | None = None) -> Prepared:
    """Build or read what a configuration asks for; nothing is recorded yet. `faces` are those that are loaded already.

    Raises:
        UserError: weights or faces are missing or not what they should be.
    """
    seed_everything(cfg.seed, cfg.deterministic, cfg.mixed_precision)
    # before any data is read: missing or wrong files end the run at once
    metrics = own_metrics.load(cfg.metrics)
    weights = models.weights_file(cfg.model)
    base = models.backbone(cfg.model, weights)
    if models.has_untrained_frozen_layers(cfg.model):
        log.warning(
            "warning: model.weights=null with frozen layers: they stay random; model.finetune=all lets them learn"
        )
    workers = worker_count(cfg.workers)
    if faces is None:
        faces = detect.load(cfg.dataset, size=cfg.model.size, workers=workers)
    warn_of_people(faces)
    own_metrics.check(metrics, len(faces.classes))
    source = Source.from_config(faces, cfg)
    split = draw_split(faces, source.rows("train"), cfg.data.name, cfg.split.validation, cfg.split.by, cfg.seed)
    warn_of_rare_classes(faces, split, cfg.monitor)
    # those that were left out have no twin any more, and looking for them takes its time
    twins = Twins.none() if cfg.dataset.duplicates is Duplicates.exclude else find_twins(faces, workers)
    twins = twins.between(source.rows("train"), source.rows("test"))
    others = load_test_datasets(cfg, faces, workers)
    return Prepared(base, "none" if weights is None else file_hash(weights), source, split, twins, metrics, others)


def warn_of_rare_classes(faces: Faces, split: Split, monitor: str) -> None:
    """Warn where a metric that weights classes alike chooses the epoch and a class has few validation faces."""
    counts = faces.counts(np.unique(split.validation.rows))
    rare = [f"{faces.classes[k]} {counts[k]}" for k in np.flatnonzero((counts > 0) & (counts < FEW))]
    if rare and monitor in WEIGHTS_CLASSES_ALIKE:
        log.warning(
            "warning: %s chooses the epoch, and rests in equal parts on classes with few validation faces (%s): "
            "monitor=val_accuracy is steadier, and so is the last epoch",
            monitor,
            ", ".join(rare),
        )
