"""Networks: `build` turns a configuration into a keras.Model."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from fer_exp.config.model import Finetune, PretrainedConfig
from fer_exp.errors import ConfigError

if TYPE_CHECKING:
    import keras

    from fer_exp.config.augmentation import AugmentationConfig
    from fer_exp.config.model import ModelConfig

BACKBONE = "backbone"  # the layer of a pretrained network that leads from pictures to features
HEAD = "head"  # the layer of a pretrained network that leads from features to class probabilities


def weights_file(cfg: ModelConfig) -> Path | None:
    """Return the file of learned weights that the network begins with, fetched if need be; None where it has none.

    Raises:
        UserError: it cannot be fetched, or is not what it was; the message says what to do.
    """
    if not isinstance(cfg, PretrainedConfig) or cfg.weights is None:
        return None
    file: Path | None = _kind(cfg).weights_file(cfg)
    return file


def backbone(cfg: ModelConfig, file: Path | None) -> keras.Model | None:
    """Build the part of a pretrained network below its head; return None where `cfg` names no such network.

    Args:
        cfg: the model; fer_exp.models.<kind>.backbone(cfg, file) builds it.
        file: what `weights_file` returns.

    Returns:
        A model from pictures float32 (batch, size, size, channels) in 0..255, colour order RGB, to features (batch,
        height, width, filters), float32 or, in mixed precision, float16. Exactly the layers that `cfg.finetune` names
        are trainable.

    Raises:
        UserError: the file does not hold this network's weights.
    """
    return _kind(cfg).backbone(cfg, file) if isinstance(cfg, PretrainedConfig) else None


def build(
    cfg: ModelConfig, augmentation: AugmentationConfig, classes: int, base: keras.Model | None = None
) -> keras.Model:
    """Build the network named by `cfg.kind`, behind its augmentation.

    Args:
        cfg: the model; fer_exp.models.<kind>.network(cfg, x, classes) gives its class scores.
        augmentation: layers between the input and the network, active in training only.
        classes: number of classes of the dataset.
        base: what `backbone` returns; the network is then augmentation, base and head, each a layer.

    Returns:
        A model from pictures float32 (batch, size, size, channels) in 0..255, colour order RGB, to class
        probabilities float32 (batch, classes). It does its own rescaling.
    """
    import keras

    from fer_exp.models import head
    from fer_exp.models.augmentation import layers

    inputs = keras.Input((cfg.size, cfg.size, cfg.channels), name="face")
    x = inputs
    for layer in layers(augmentation):
        x = layer(x)
    if base is not None:
        assert isinstance(cfg, PretrainedConfig)  # no other model has a base
        outputs = head.build(cfg.head, base.output_shape[1:], classes, HEAD)(base(x))
    else:
        outputs = head.probabilities(_kind(cfg).network(cfg, x, classes))
    return keras.Model(inputs, outputs, name=cfg.name)


def has_untrained_frozen_layers(cfg: ModelConfig) -> bool:
    """Return whether layers are frozen that have learned nothing."""
    return isinstance(cfg, PretrainedConfig) and cfg.weights is None and cfg.finetune is not Finetune.all


def has_augmentation(augmentation: AugmentationConfig) -> bool:
    """Return whether training pictures change from epoch to epoch."""
    from fer_exp.models.augmentation import layers

    return bool(layers(augmentation))


def _kind(cfg: ModelConfig) -> ModuleType:
    module = f"{__name__}.{cfg.kind}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ConfigError(f"model.kind={cfg.kind}: there is no network src/fer_exp/models/{cfg.kind}.py") from error
