"""Networks: build(cfg) -> keras.Model."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from fer_exp.models.schema import AugmentationConfig, ModelConfig


def build(cfg: ModelConfig, augmentation: AugmentationConfig, classes: int) -> keras.Model:
    """The network named by `cfg.kind`, behind its augmentation.

    Args:
        cfg: the model; fer_exp.models.<kind>.network(cfg, x, classes) gives its class scores.
        augmentation: layers between the input and the network, active in training only.
        classes: of the dataset.

    Returns:
        A model from pictures float32 (batch, size, size, channels) in 0..255, colour order RGB, to class
        probabilities float32 (batch, classes). It does its own rescaling.
    """
    import keras

    from fer_exp.models.augmentation import layers

    inputs = keras.Input((cfg.size, cfg.size, cfg.channels), name="face")
    x = inputs
    for layer in layers(augmentation):
        x = layer(x)
    scores = importlib.import_module(f"fer_exp.models.{cfg.kind}").network(cfg, x, classes)
    # probabilities stay float32 under mixed precision
    outputs = keras.layers.Activation("softmax", dtype="float32", name="probabilities")(scores)
    return keras.Model(inputs, outputs, name=cfg.name)
