"""From a backbone's features to class probabilities."""

from __future__ import annotations

import keras

from fer_exp.config.model import HeadConfig


def build(cfg: HeadConfig, shape: tuple[int, ...], classes: int, name: str) -> keras.Model:
    """Build the head: flatten, hidden dense layers with relu and dropout, and the classifier with softmax.

    With dense=[1024] this is study A's head. Without hidden layers dropout stands before the classifier.

    Args:
        cfg: units of each hidden dense layer, and the share that dropout switches off.
        shape: shape of one picture's features, (height, width, filters).
        classes: number of classes of the dataset.
        name: name of the model.

    Returns:
        A model from features float32 (batch, *shape) to probabilities float32 (batch, classes).
    """
    inputs = keras.Input(shape, name="features")
    x = keras.layers.Flatten(name="flatten")(inputs)
    for d, units in enumerate(cfg.dense, 1):
        x = keras.layers.Dense(units, activation="relu", name=f"dense{d}")(x)
        if cfg.dropout:
            x = keras.layers.Dropout(cfg.dropout, name=f"drop{d}")(x)
    if cfg.dropout and not cfg.dense:
        x = keras.layers.Dropout(cfg.dropout, name="drop")(x)
    return keras.Model(inputs, probabilities(keras.layers.Dense(classes, name="scores")(x)), name=name)


def probabilities(scores: keras.KerasTensor) -> keras.KerasTensor:
    """Return the softmax of class scores (batch, classes), float32 even under mixed precision."""
    return keras.layers.Activation("softmax", dtype="float32", name="probabilities")(scores)
