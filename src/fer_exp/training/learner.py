"""What is trained on what: a whole network on pictures, or its head on the features of a fixed base."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import keras
import numpy as np

from fer_exp import models
from fer_exp.errors import ConfigError
from fer_exp.inputs import features
from fer_exp.inputs.source import Features, Source
from fer_exp.training.checkpoints import load

if TYPE_CHECKING:
    from fer_exp.config.augmentation import AugmentationConfig
    from fer_exp.config.model import ModelConfig

log = logging.getLogger(__name__)


class Learner(NamedTuple):
    """A network, the part of it that learns, and what that part sees.

    Attributes:
        network: the whole network; checkpoints hold it.
        trained: what learns: the network, or its head.
        source: what `trained` sees.
        load: reads `trained` back from a checkpoint's file.
    """

    network: keras.Model
    trained: keras.Model
    source: Source | Features
    load: Callable[[Path], keras.Model]

    @classmethod
    def from_network(
        cls,
        network: keras.Model,
        model: ModelConfig,
        augmentation: AugmentationConfig,
        base: keras.Model | None,
        source: Source,
        variant: str,
    ) -> Learner:
        """Choose what learns: the head alone where the features of its base are the same in every epoch.

        Args:
            network: what fer_exp.models.build returns for `model`, `augmentation` and `base`.
            model: of the configuration.
            augmentation: of the configuration.
            base: what fer_exp.models.backbone returns.
            source: the pictures.
            variant: the training variant.
        """
        if models.has_fixed_features(model, augmentation):
            parts = [source.rows("train"), source.rows("test")]
            extracted = features.extract(base, model, source, parts, variant)
            return cls(network, models.head_of(network), extracted, lambda file: models.head_of(load(file)))
        if models.has_frozen_base(model):
            log.info("the base is frozen: with augmentation=none each face would pass through it only once")
        return cls(network, network, source, load)


def count_parameters(network: keras.Model) -> dict[str, float]:
    """Return the metrics `parameters`, of all weights, and `trainable_parameters`, of those that training changes.

    Raises:
        ConfigError: no weight is trainable.
    """
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    if not trainable:
        raise ConfigError(f"model={network.name}: no weight is trainable")
    return {"parameters": network.count_params(), "trainable_parameters": trainable}
