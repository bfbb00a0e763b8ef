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


def before_scores(network: keras.Model) -> keras.Model:
    """Return the part of a network that leads from pictures to what its class scores are computed from.

    It shares its weights. Its output is float (batch, k).
    """
    last = network.layers[-1]
    if not isinstance(last, keras.Model):
        return keras.Model(network.inputs, network.layers[-2].input)
    x = inputs = keras.Input(network.input_shape[1:], name="face")  # behind a backbone the head is a model of its own
    for layer in network.layers[1:-1]:
        x = layer(x)
    return keras.Model(inputs, keras.Model(last.inputs, last.layers[-2].input)(x))


def probabilities(scores: keras.KerasTensor) -> keras.KerasTensor:
    """Return the softmax of class scores (batch, classes), float32 even under mixed precision."""
    return keras.layers.Activation("softmax", dtype="float32", name="probabilities")(scores)
