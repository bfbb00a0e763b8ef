"""The frozen beginning of a network, its stem, and what follows: a face's features at the cut between never change."""

from __future__ import annotations

import keras

from fer_exp.models import BACKBONE, HEAD

WHOLE = ""  # as the name of a cut: behind the whole backbone


def find_cut(base: keras.Model) -> str | None:
    """Return the layer behind which the stem of a backbone ends: the last through which all passes before what learns.

    Args:
        base: what fer_exp.models.backbone returns.

    Returns:
        The name of a layer of the network inside, `WHOLE` where nothing of the backbone learns, or None where it has
        no frozen beginning.
    """
    if not base.trainable_weights:
        return WHOLE
    layers = _inside(base).layers
    first = next((i for i, layer in enumerate(layers) if layer.trainable_weights), 0)
    if any(layer.trainable_weights for layer in _before(base)):
        return None
    for i in range(first, 1, -1):
        outputs = {id(tensor): layer for layer in layers[:i] for tensor in _tensors(layer.output)}
        needed = {id(tensor) for layer in layers[i:] for tensor in _tensors(layer.input)}
        crossing = {layer.name for key, layer in outputs.items() if key in needed}
        if len(crossing) == 1:
            name: str = crossing.pop()
            return name if layers[0].name != name else None
    return None


def stem_of(base: keras.Model, cut: str) -> keras.Model:
    """Return the part of a backbone up to the cut, from pictures to features; it shares its weights."""
    if cut == WHOLE:
        return base
    inside = _inside(base)
    beginning = keras.Model(inside.inputs, inside.get_layer(cut).output)
    return keras.Model(base.inputs, beginning(_before(base)[-1].output), name=f"{base.name}_{cut}")


def rest_of(network: keras.Model, cut: str) -> keras.Model:
    """Return the part of a network behind the cut, from features to probabilities; it shares its weights."""
    head = network.get_layer(HEAD)
    if cut == WHOLE:
        # a model of its own: compiling the layer itself would be saved with the network
        return keras.Model(head.inputs, head.outputs, name=HEAD)
    base = network.get_layer(BACKBONE)
    inside = _inside(base)
    end = keras.Model(inside.get_layer(cut).output, inside.output)
    features = keras.Input(end.input_shape[1:], name="features")
    x = end(features)
    for layer in base.layers[base.layers.index(inside) + 1 :]:
        x = layer(x)
    return keras.Model(features, head(x), name="rest")


def _inside(base: keras.Model) -> keras.Model:
    """Return the network that a backbone wraps."""
    return next(layer for layer in base.layers if isinstance(layer, keras.Model))


def _before(base: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a backbone before the network that it wraps: those that rescale pixels."""
    layers: list[keras.layers.Layer] = base.layers
    return layers[: layers.index(_inside(base))]


def _tensors(found: keras.KerasTensor | list[keras.KerasTensor]) -> list[keras.KerasTensor]:
    return found if isinstance(found, list) else [found]
