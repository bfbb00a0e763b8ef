"""Grad-CAM: where in a picture a network finds its class (Selvaraju et al. 2017, equations 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import keras
import numpy as np
import tensorflow as tf  # Keras has no gradients of its own

Function = Callable[[tf.Tensor], tf.Tensor]


def heatmaps(model: keras.Model, pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how much each place speaks for a class, (n, h, w) float32 in 0..1 per picture; 0 where nothing does.

    The map is that of the network's last feature map with more than one place; weights are the mean gradients of the
    class score before softmax.

    Args:
        model: what fer_exp.models.build returns, or a checkpoint of it.
        pictures: float32 (n, size, size, channels) in 0..255.
        labels: (n,) int, the class asked for in each picture.

    Raises:
        ValueError: the network has no feature map.
    """
    below, above = split_at_last_map(model)
    maps = below(tf.convert_to_tensor(pictures))
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(maps)
        scores = tf.gather(above(maps), labels, axis=1, batch_dims=1)
    weights = tf.reduce_mean(tape.gradient(scores, maps), axis=(1, 2), keepdims=True)
    heat: np.ndarray = tf.nn.relu(tf.reduce_sum(weights * maps, -1)).numpy().astype(np.float32)
    top = heat.max((1, 2), keepdims=True)
    return np.divide(heat, top, out=np.zeros_like(heat), where=top > 0)


def split_at_last_map(model: keras.Model) -> tuple[Function, Function]:
    """Split the network into what leads to its last feature map, and from there to its class scores before softmax.

    Raises:
        ValueError: the network has no feature map.
    """
    operations = model.operations
    for k in reversed(range(len(operations))):
        operation = operations[k]
        if isinstance(operation, keras.Model):
            try:
                halves = split_at_last_map(operation)
            except ValueError:
                continue
            return _around(model, k, *halves)
        if not isinstance(operation, keras.layers.InputLayer) and _is_map(operation.output):
            return _part(model.inputs[0], operation.output), _part(operation.output, _scores(model))
    raise ValueError(f"{model.name} has no feature map")


def _around(model: keras.Model, k: int, below: Function, above: Function) -> tuple[Function, Function]:
    """Return the two halves of a chain of models that is split inside its k-th one."""
    operations = model.operations
    before = _part(model.inputs[0], operations[k - 1].output)
    after = [_part(op.inputs[0], _scores(op)) if isinstance(op, keras.Model) else op for op in operations[k + 1 :]]
    if after and not isinstance(operations[-1], keras.Model) and model.output is not _scores(model):
        after = after[:-1]
    return (lambda x: below(before(x))), (lambda maps: reduce(lambda x, step: step(x), after, above(maps)))


def _is_map(tensor: keras.KerasTensor) -> bool:
    return len(tensor.shape) == 4 and tensor.shape[1] * tensor.shape[2] > 1


def _scores(model: keras.Model) -> keras.KerasTensor:
    """Return what enters a softmax that ends the model, else its output."""
    last = model.layers[-1]
    is_softmax = isinstance(last, keras.layers.Activation) and last.activation is keras.activations.softmax
    return last.input if is_softmax else model.output


def _part(start: keras.KerasTensor, end: keras.KerasTensor) -> Function:
    """Return what leads from one tensor of a model to another; training=False, or augmentation would be active."""
    if start is end:
        return lambda x: x
    part = keras.Model(start, end)
    return lambda x: part(x, training=False)
