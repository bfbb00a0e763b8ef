"""What is trained and tested on what: a whole network on pictures, or what follows its frozen layers on features."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import keras
import numpy as np

from fer_exp import models
from fer_exp.config.model import PretrainedConfig
from fer_exp.errors import ConfigError
from fer_exp.inputs import features
from fer_exp.inputs.source import Features, Source
from fer_exp.models import stems
from fer_exp.training.checkpoints import load

if TYPE_CHECKING:
    from fer_exp.config.augmentation import AugmentationConfig
    from fer_exp.config.inputs import InputsConfig
    from fer_exp.inputs.variants import Samples

log = logging.getLogger(__name__)


class Learner(NamedTuple):
    """A network, the part of it that learns, the part that is tested, and what these parts see.

    Attributes:
        network: the whole network; checkpoints hold it.
        trained: what learns: the network, or the part of it behind its frozen layers.
        source: what `trained` sees.
        tested: what validation goes through: `trained`, or the part of the network behind its frozen layers.
        test_source: what `tested` sees, of validation and test faces.
        load: reads `tested` back from a checkpoint's file.
    """

    network: keras.Model
    trained: keras.Model
    source: Source | Features
    tested: keras.Model
    test_source: Source | Features
    load: Callable[[Path], keras.Model]

    @classmethod
    def from_network(
        cls,
        network: keras.Model,
        cfg: InputsConfig,
        augmentation: AugmentationConfig,
        base: keras.Model | None,
        source: Source,
        validation: Samples,
    ) -> Learner:
        """Choose what learns and what is tested: only what changes from epoch to epoch is computed again.

        Args:
            network: what fer_exp.models.build returns for the model, `augmentation` and `base`.
            cfg: of the run: model, training variant, budget of features.
            augmentation: of the configuration.
            base: what fer_exp.models.backbone returns.
            source: the pictures.
            validation: the pictures to validate on.
        """
        whole = cls(network, network, source, network, source, load)
        cut = stems.find_cut(base) if base is not None else None
        if base is None or cut is None:
            return whole
        assert isinstance(cfg.model, PretrainedConfig)  # it has a base
        stem, rest = stems.stem_of(base, cut), stems.rest_of(network, cut)
        reload = lambda file: stems.rest_of(load(file), cut)  # noqa: E731
        tests = features.needed_for_tests(source)
        predicted = [*features.needed_for_samples(validation), *tests]
        mirrored = features.mirror_images(source, predicted)
        if not models.has_augmentation(augmentation):  # a training face, too, has the same features in every epoch
            needed = [*features.needed_for_training(source, cfg.data.name), *tests, *mirrored]
            # the head alone learns in a fraction of the time: its features are worth any disk
            if cut == stems.WHOLE or features.fits_budget(stem, cfg.model, source, needed, cfg.feature_cache):
                extracted = features.extract(stem, cfg.model, source, needed)
                return cls(network, rest, extracted, rest, extracted, reload)
        elif cut == stems.WHOLE:
            log.info("the base is frozen: with augmentation=none each face would pass through it only once")
        needed = [*predicted, *mirrored]
        if not features.fits_budget(stem, cfg.model, source, needed, cfg.feature_cache):
            return whole
        extracted = features.extract(stem, cfg.model, source, needed)
        return cls(network, network, source, rest, extracted, reload)


def count_parameters(network: keras.Model) -> dict[str, float]:
    """Return the metrics `parameters`, of all weights, and `trainable_parameters`, of those that training changes.

    Raises:
        ConfigError: no weight is trainable.
    """
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    if not trainable:
        raise ConfigError(f"model={network.name}: no weight is trainable")
    return {"parameters": network.count_params(), "trainable_parameters": trainable}
