"""Faces and a variant -> batches of pictures and labels. The one module that is TensorFlow's own."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import tensorflow as tf

from fer_exp.inputs.source import Features, Source
from fer_exp.inputs.variants import Items

AT_ONCE = 2**24  # bytes of decoded pictures that are painted and resized together; about ten such batches are under way


class Order:
    """The order of training pictures: a function of (seed, epoch) alone, so that a resumed run repeats it.

    Calling it gives the positions of epoch `self.epoch` (1, 2, ...), (m,) int64: a permutation of all pictures,
    or, resampled, as many positions with equally many of each class, no picture drawn again before all of its
    class were.
    """

    def __init__(self, labels: np.ndarray, seed: int, resample: bool = False):
        self.labels, self.seed, self.resample, self.epoch = labels, seed, resample, 1

    def __call__(self) -> np.ndarray:
        rng = np.random.default_rng((self.seed, self.epoch))
        if not self.resample:
            return rng.permutation(len(self.labels))
        present = np.unique(self.labels)
        each = np.diff(np.linspace(0, len(self.labels), len(present) + 1).round().astype(int))
        drawn = []
        for label, n in zip(present, each, strict=True):
            where = np.flatnonzero(self.labels == label)
            rounds = -(-n // len(where))
            drawn.append(np.concatenate([rng.permutation(where) for _ in range(rounds)])[:n])
        return rng.permutation(np.concatenate(drawn))


def batches(source: Source | Features, items: Items, batch_size: int, order: Order | None = None) -> tf.data.Dataset:
    """Batches of (pictures, labels): float32 (b, size, size, channels) in 0..255, int64 (b,).

    A picture's way: decode -> paint at source size -> degrade (down by area, back by bicubic interpolation) ->
    resize (bilinear, antialiased) -> float. Of features: (features, labels), float32 (b, ...), in the same order.

    Args:
        source: the pictures, or their features.
        items: which of them, in file order.
        batch_size: pictures per batch; the last one may be smaller.
        order: of training pictures, asked anew at the start of every epoch; None keeps file order.
    """
    rows, covered = items.rows, items.covered
    labels = source.faces.labels[rows].astype(np.int64)
    if covered.any() and source.cover is None:
        raise ValueError("covered pictures were asked for, but nothing says where the bars are")
    if order is None:
        positions = tf.data.Dataset.range(len(items))
    else:
        positions = tf.data.Dataset.from_tensors(0).flat_map(lambda _: _slices(order, len(items)))
    if isinstance(source, Features):
        found = _from_features(source, items, positions, batch_size)
    else:
        load = _from_memory if source.faces.root is None else _from_files
        found = load(source, items, positions, batch_size, _painter(source, items))
        found = found.map(lambda at, image: (at, _fit(image, source)), num_parallel_calls=tf.data.AUTOTUNE)
    table = tf.constant(labels)
    data = found.map(lambda at, x: (x, tf.gather(table, at)), num_parallel_calls=tf.data.AUTOTUNE)
    n = -(-len(items) // batch_size)
    return data.apply(tf.data.experimental.assert_cardinality(n)).prefetch(2)


def padded(batch: tf.Tensor, size: int) -> np.ndarray:
    """A batch filled up with zeros to `size`: a last one of another shape would be traced anew, which costs more."""
    batch = np.asarray(batch)
    return np.pad(batch, [(0, size - len(batch))] + [(0, 0)] * (batch.ndim - 1))


def _slices(order: Order, n: int) -> tf.data.Dataset:
    positions = tf.numpy_function(order, [], tf.int64)
    positions.set_shape((n,))
    return tf.data.Dataset.from_tensor_slices(positions)


def _painter(source: Source, items: Items) -> Callable:
    """(positions, pictures) -> painted and degraded pictures, all of one size."""
    if not items.covered.any() and source.degrade is None:
        return lambda at, images: images

    def work(at, images):
        if items.covered[at].any():
            images = source.cover.paint(images, items.rows[at], items.covered[at])
        return degraded(images, source.degrade)

    def painted(at, images):
        # a pure function: said so, because tf.data runs stateful ones one by one when it must be deterministic
        out = tf.numpy_function(work, [at, images], tf.uint8, stateful=False)
        out.set_shape(images.shape)
        return out

    return painted


def degraded(images: np.ndarray, side: int | None) -> np.ndarray:
    """Pictures uint8 (b, h, w, c) as if taken with `side` pixels along their shorter side, at the size they have.

    Down by the mean over areas (OpenCV's INTER_AREA), back by bicubic interpolation. Nothing is done to pictures that
    have no more than `side` pixels, or where it is None.
    """
    height, width = images.shape[1:3]
    if side is None or min(height, width) <= side:
        return images
    small = tuple(max(1, round(length * side / min(height, width))) for length in (width, height))
    out = np.empty_like(images)
    for one, picture in zip(out, images, strict=True):
        down = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        one[...] = cv2.resize(down, (width, height), interpolation=cv2.INTER_CUBIC).reshape(one.shape)
    return out


def _from_memory(source, items, positions, batch_size, painter):
    pixels = source.faces.pixels

    def work(at):
        return np.ascontiguousarray(pixels[items.rows[at]])

    def read(at):
        images = tf.numpy_function(work, [at], tf.uint8, stateful=False)
        images.set_shape((None, *pixels.shape[1:]))
        return at, painter(at, images)

    return positions.batch(batch_size).map(read, num_parallel_calls=tf.data.AUTOTUNE)


def _from_features(source, items, positions, batch_size):
    # where each picture's features are: which of the tables, and its row there
    pairs = [(form == "occluded", source.forms.get(form, [])) for form in ("normal", "occluded")]
    tables = [(covered, rows, table) for covered, found in pairs for rows, table in found]
    which, place = np.full(len(items), -1), np.zeros(len(items), np.int64)
    for t, (covered, rows, _) in enumerate(tables):
        at = np.full(len(source.faces), -1)
        at[rows] = np.arange(len(rows))
        mine = (items.covered == covered) & (at[items.rows] >= 0)
        which[mine], place[mine] = t, at[items.rows[mine]]
    if (which < 0).any():
        raise ValueError("features were asked for that were not computed")
    shape = tables[0][2].shape[1:]

    def work(at):
        out = np.empty((len(at), *shape), np.float32)
        for t in np.unique(which[at]):
            mine = which[at] == t
            out[mine] = tables[t][2][place[at[mine]]]
        return out

    def read(at):
        features = tf.numpy_function(work, [at], tf.float32, stateful=False)
        features.set_shape((None, *shape))
        return at, features

    return positions.batch(batch_size).map(read, num_parallel_calls=tf.data.AUTOTUNE)


def _from_files(source, items, positions, batch_size, painter):
    faces = source.faces
    paths = tf.constant([str(faces.path(row)) for row in items.rows])
    sizes = np.unique(faces.sizes[items.rows], axis=0)
    at_once = min(batch_size, max(1, int(AT_ONCE // (sizes[0].prod() * source.channels)))) if len(sizes) == 1 else 1

    def read(at):
        return at, decode(tf.io.read_file(paths[at]), source.channels)

    data = positions.map(read, num_parallel_calls=tf.data.AUTOTUNE)
    # pictures of several sizes are painted and resized one by one; of large ones a batch would take gigabytes
    data = data.batch(at_once)
    data = data.map(lambda at, images: (at, painter(at, images)), num_parallel_calls=tf.data.AUTOTUNE)
    if at_once == batch_size:
        return data
    data = data.map(lambda at, images: (at, _fit(images, source)), num_parallel_calls=tf.data.AUTOTUNE)
    return data.rebatch(batch_size)


def decode(content: tf.Tensor, channels: int) -> tf.Tensor:
    """A JPEG or PNG file's content -> uint8 (h, w, channels), RGB or grey.

    The accurate integer transform agrees bit for bit with OpenCV and libjpeg; TensorFlow's default does not.
    """
    image = tf.cond(
        tf.io.is_jpeg(content),
        lambda: tf.io.decode_jpeg(content, channels, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_png(content, channels),
    )
    image.set_shape((None, None, channels))
    return image


def _fit(images: tf.Tensor, source: Source) -> tf.Tensor:
    """(b, h, w, 1 or 3) -> float32 (b, size, size, channels)."""
    shape = (source.size, source.size)
    if images.shape[1:3] != shape:
        images = tf.image.resize(images, shape, "bilinear", antialias=True)
    images = tf.cast(images, tf.float32)
    if images.shape[-1] == source.channels:
        return images
    return (tf.image.rgb_to_grayscale if source.channels == 1 else tf.image.grayscale_to_rgb)(images)
