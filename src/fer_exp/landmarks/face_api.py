"""68 landmarks and face boxes by the small networks of `@vladmandic/face-api` (MIT), as Keras models.

Architecture and constants follow the package's sources; the weights are the package's, eight bits each.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import keras
import numpy as np

from fer_exp.errors import UserError

SIDE = 112  # pixels, input of the landmark network
BOX_SIDE = 416  # pixels, input of the box network; at 224 it misses half the faces of a group
LANDMARK_MEAN = (122.782, 117.001, 104.298)  # RGB
BOX_MEAN = (117.001, 114.697, 97.404)
ANCHORS = np.array(  # widths and heights of the box network's five kinds of face, in cells
    [(1.603231, 2.094468), (6.041143, 7.080126), (2.882459, 3.518061), (4.266906, 5.178857), (9.041765, 10.66308)]
)
MAX_MANIFEST = 2**16  # bytes; the published ones have 9 000
PARTS = {  # what a layer's weights are called in a file, in Keras's order
    keras.layers.Conv2D: ("filters", "bias"),
    keras.layers.SeparableConv2D: ("depthwise_filter", "pointwise_filter", "bias"),
    keras.layers.Dense: ("weights", "bias"),
}


def landmark_network() -> keras.Model:
    """Build the 68-point network with random weights.

    Returns:
        A model from RGB pictures (b, 112, 112, 3) in 0..255 to float32 (b, 136): x0, y0, x1, ... in parts of the
        picture's side. Four blocks, each of a stride-2 convolution and three more that are fed the sum of all before.
    """
    layers = keras.layers
    inputs = keras.Input((SIDE, SIDE, 3), name="pixels")
    x = _rescaled(inputs, LANDMARK_MEAN)
    for block, filters in enumerate((32, 64, 128, 256)):
        kind = layers.SeparableConv2D if block else layers.Conv2D
        entry = kind(filters, 3, strides=2, padding="same", name=f"dense{block}_conv0")(x)
        total = x = layers.ReLU()(entry)
        for i in (1, 2, 3):
            more = layers.SeparableConv2D(filters, 3, padding="same", name=f"dense{block}_conv{i}")(x)
            total = layers.Add()([total, more])
            x = layers.ReLU()(total)
    x = layers.GlobalAveragePooling2D()(x)  # over 7x7
    return keras.Model(inputs, layers.Dense(136, name="fc")(x), name="face_landmark_68")


def box_network(side: int = BOX_SIDE) -> keras.Model:
    """Build the tiny face detector (a small YOLOv2) with random weights.

    Returns:
        A model from RGB pictures (b, side, side, 3) in 0..255 to float32 (b, side / 32, side / 32, 25): per cell and
        anchor the logits of x and y in the cell, log width and height in anchors, and the logit of a face.
    """
    layers = keras.layers
    inputs = keras.Input((side, side, 3), name="pixels")
    x = layers.Conv2D(16, 3, name="conv0")(_rescaled(inputs, BOX_MEAN))
    for i, filters in enumerate((32, 64, 128, 256, 512), 1):
        x = layers.LeakyReLU(negative_slope=0.1)(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
        x = layers.SeparableConv2D(filters, 3, padding="same", name=f"conv{i}")(x)
    x = layers.LeakyReLU(negative_slope=0.1)(x)
    x = layers.MaxPooling2D(2, strides=1, padding="same")(x)
    return keras.Model(inputs, layers.Conv2D(25, 1, name="conv8")(x), name="tiny_face_detector")


def load(model: keras.Model, manifest: Path, binary: Path) -> keras.Model:
    """Give a network its published weights; every name and shape is checked before the first is set.

    Args:
        model: one of the above.
        manifest: JSON, [{"weights": [{"name", "shape", "dtype", "quantization": {"dtype", "scale", "min"}}, ...]}].
        binary: the tensors one after the other, uint8; a weight is byte * scale + min.

    Returns:
        The same model.

    Raises:
        UserError: a file cannot be read, is too large, or does not hold this network.
    """
    tensor_specs = _read_manifest(manifest)
    expected = {
        f"{layer.name.replace('_', '/')}/{part}": tuple(weight.shape)
        for layer in model.layers
        if layer.weights
        for part, weight in zip(PARTS[type(layer)], layer.weights, strict=True)
    }
    shapes = {name: shape for name, (shape, _, _) in tensor_specs.items()}
    if shapes != expected:
        wrong = sorted(name for name in shapes.keys() | expected.keys() if shapes.get(name) != expected.get(name))
        name = wrong[0]
        raise UserError(
            f"{manifest}: not the weights of {model.name}: {name} has the shape {shapes.get(name)} instead of "
            f"{expected.get(name)} (tensors that differ: {len(wrong)})"
        )
    data = _read(binary, sum(map(math.prod, expected.values())))
    tensors, offset = {}, 0
    for name, (shape, scale, low) in tensor_specs.items():
        count = math.prod(shape)
        codes = np.frombuffer(data, np.uint8, count, offset).reshape(shape)
        tensors[name] = codes * np.float32(scale) + np.float32(low)
        offset += count
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([tensors[f"{layer.name.replace('_', '/')}/{part}"] for part in PARTS[type(layer)]])
    return model


def boxes(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes in the box network's answer (b, s, s, 25), one per cell and anchor, overlapping ones included.

    Returns:
        boxes: (b, k, 4) float64 left, top, right, bottom in parts of the picture's side; may lie outside.
        certainty: (b, k) float64 in 0..1.
    """
    side = cells.shape[1]
    cells = cells.reshape(len(cells), side, side, len(ANCHORS), 5).astype(np.float64)
    cell_corner = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1)[:, :, None]
    centre = (cell_corner + _sigmoid(cells[..., :2])) / side
    size = np.exp(np.minimum(cells[..., 2:4], 5)) * ANCHORS / side
    corners = np.concatenate([centre - size / 2, centre + size / 2], -1)
    return corners.reshape(len(cells), -1, 4), _sigmoid(cells[..., 4]).reshape(len(cells), -1)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    exponential: np.ndarray = np.exp(-np.clip(x, -50, 50))
    return 1 / (1 + exponential)


def _rescaled(inputs: keras.KerasTensor, mean: tuple[float, ...]) -> keras.KerasTensor:
    return keras.layers.Rescaling(1 / 255, offset=[-m / 255 for m in mean], name="rescale")(inputs)


def _read(file: Path, size: int | None = None) -> bytes:
    """Read a file that must have `size` bytes exactly, or else at most MAX_MANIFEST."""
    try:
        actual = file.stat().st_size
        if actual > MAX_MANIFEST if size is None else actual != size:
            expected = f"at most {MAX_MANIFEST}" if size is None else size
            raise UserError(f"{file} has {actual} bytes instead of {expected}")
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from error


def _read_manifest(manifest: Path) -> dict[str, tuple[tuple[int, ...], float, float]]:
    """Read name -> shape, scale, minimum of each tensor, in the order of the binary."""
    try:
        tensors: dict[str, tuple[tuple[int, ...], float, float]] = {}
        for weight in (weight for group in json.loads(_read(manifest)) for weight in group["weights"]):
            quantization = weight["quantization"]
            shape = tuple(weight["shape"])
            valid = quantization["dtype"] == "uint8" and all(type(n) is int and n > 0 for n in shape)
            if not valid or weight["name"] in tensors:
                raise ValueError(f"{weight['name']} is described as {weight}")
            tensors[weight["name"]] = (shape, float(quantization["scale"]), float(quantization["min"]))
        return tensors
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{manifest}: not a manifest of uint8 weights ({error!r})") from error
