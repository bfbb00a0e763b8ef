"""What a run needs before it is one: network, faces, split."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import keras
from pooch import file_hash

from fer_exp import models
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


class Prepared(NamedTuple):
    """What a run needs before it is one.

    Attributes:
        base: the backbone of a pretrained network; None where the model has none.
        weights: SHA-256 of the file of learned weights, or "none".
        source: the pictures.
        split: which of them to train and to validate on.
        metrics: of the user's own.
    """

    base: keras.Model | None
    weights: str
    source: Source
    split: Split
    metrics: list[OwnMetric]

    @property
    def faces(self) -> Faces:
        """Return the table of faces."""
        return self.source.faces


def prepare(cfg: TrainConfig) -> Prepared:
    """Build or read what a configuration asks for; nothing is recorded yet.

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
    faces = detect.load(cfg.dataset, size=cfg.model.size, workers=worker_count(cfg.workers))
    own_metrics.check(metrics, len(faces.classes))
    source = Source.from_config(faces, cfg)
    split = draw_split(faces, source.rows("train"), cfg.data.name, cfg.split.validation, cfg.split.by, cfg.seed)
    return Prepared(base, "none" if weights is None else file_hash(weights), source, split, metrics)
