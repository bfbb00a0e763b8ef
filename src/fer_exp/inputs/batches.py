"""From faces and a variant to batches of pictures and labels. The one module that is TensorFlow's own."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import tensorflow as tf

from fer_exp.inputs.source import Features, Source
from fer_exp.inputs.variants import Samples

BYTES_AT_ONCE = 2**24  # decoded pictures painted and resized together; about ten such batches are under way

Painter = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # (positions, pictures) -> painted pictures


class EpochSampler:
    """The order of training pictures: a function of (seed, epoch) alone, so that a resumed run repeats it.

    Calling it gives the positions of epoch `self.epoch` (1, 2, ...), (m,) int64: a permutation of all pictures,
    or, resampled, as many positions with equally many of each class, no picture drawn again before all of its
    class were.
    """

    def __init__(self, labels: np.ndarray, seed: int, resample: bool = False) -> None:
        self.labels, self.seed, self.resample, self.epoch = labels, seed, resample, 1

    def __call__(self) -> np.ndarray:
        rng = np.random.default_rng((self.seed, self.epoch))
        if not self.resample:
            return rng.permutation(len(self.labels))
        present = np.unique(self.labels)
        counts = np.diff(np.linspace(0, len(self.labels), len(present) + 1).round().astype(int))
        drawn = []
        for label, n in zip(present, counts, strict=True):
            of_class = np.flatnonzero(self.labels == label)
            rounds = -(-n // len(of_class))
            drawn.append(np.concatenate([rng.permutation(of_class) for _ in range(rounds)])[:n])
        return rng.permutation(np.concatenate(drawn))


def batches(
    source: Source | Features, samples: Samples, batch_size: int, order: EpochSampler | None = None
) -> tf.data.Dataset:
    """Return batches of (pictures, labels): float32 (b, size, size, channels) in 0..255, int64 (b,).

    A picture's way: decode -> paint at source size -> degrade (down by area, back by bicubic interpolation) ->
    resize (bilinear, antialiased) -> float. Of features: (features, labels), float32 (b, ...), in the same order.

    Args:
        source: the pictures, or their features.
        samples: which of them, in file order.
        batch_size: pictures per batch; the last one may be smaller.
        order: the order of training pictures, asked anew at the start of every epoch; None keeps file order.
    """
    labels = source.faces.labels[samples.rows].astype(np.int64)
    if samples.covered.any() and source.placement is None:
        raise ValueError("covered pictures were asked for, but nothing says where the bars are")
    if order is None:
        positions = tf.data.Dataset.range(len(samples))
    else:
        positions = tf.data.Dataset.from_tensors(0).flat_map(lambda _: _slices(order, len(samples)))
    if isinstance(source, Features):
        inputs = _from_features(source, samples, positions, batch_size)
    else:
        inputs = _from_pictures(source, samples, positions, batch_size)
    table = tf.constant(labels)
    data = inputs.map(lambda index, x: (x, tf.gather(table, index)), num_parallel_calls=tf.data.AUTOTUNE)
    n = -(-len(samples) // batch_size)
    return data.apply(tf.data.experimental.assert_cardinality(n)).prefetch(2)


def padded(batch: tf.Tensor, size: int) -> np.ndarray:
    """Fill up a batch with zeros to `size`: a last one of another shape would be traced anew, which costs more."""
    array = np.asarray(batch)
    return np.pad(array, [(0, size - len(array))] + [(0, 0)] * (array.ndim - 1))


def _slices(order: EpochSampler, n: int) -> tf.data.Dataset:
    positions = tf.numpy_function(order, [], tf.int64)
    positions.set_shape((n,))
    return tf.data.Dataset.from_tensor_slices(positions)


def _painter(source: Source, samples: Samples) -> Painter:
    """Return a function that paints and degrades pictures, all of one size, by their positions."""
    if not samples.covered.any() and source.degrade is None:
        return lambda index, images: images

    def paint(index: np.ndarray, images: np.ndarray) -> np.ndarray:
        if samples.covered[index].any():
            assert source.placement is not None  # checked in `batches`
            images = source.placement.paint(images, samples.rows[index], samples.covered[index])
        return degraded(images, source.degrade)

    def painted(index: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        # marked as stateless: tf.data runs stateful functions one by one when it must be deterministic
        out = tf.numpy_function(paint, [index, images], tf.uint8, stateful=False)
        out.set_shape(images.shape)
        return out

    return painted


def degraded(images: np.ndarray, side: int | None) -> np.ndarray:
    """Return pictures uint8 (b, h, w, c), at their size, as if taken with `side` pixels along the shorter side.

    Down by the mean over areas (OpenCV's INTER_AREA), back by bicubic interpolation. Nothing is done to pictures that
    have no more than `side` pixels, or where it is None.
    """
    height, width = images.shape[1:3]
    if side is None or min(height, width) <= side:
        return images
    small_width, small_height = (max(1, round(length * side / min(height, width))) for length in (width, height))
    out = np.empty_like(images)
    for i, picture in enumerate(images):
        small = cv2.resize(picture, (small_width, small_height), interpolation=cv2.INTER_AREA)
        out[i] = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).reshape(picture.shape)
    return out


def _from_pictures(source: Source, samples: Samples, positions: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    read = _from_memory if source.faces.root is None else _from_files
    data = read(source, samples, positions, batch_size, _painter(source, samples))
    return data.map(lambda index, images: (index, _fit(images, source)), num_parallel_calls=tf.data.AUTOTUNE)


def _from_memory(
    source: Source, samples: Samples, positions: tf.data.Dataset, batch_size: int, painter: Painter
) -> tf.data.Dataset:
    pixels = source.faces.pixels
    assert pixels is not None  # faces without files have them

    def take(index: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(pixels[samples.rows[index]])

    def read(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = tf.numpy_function(take, [index], tf.uint8, stateful=False)
        images.set_shape((None, *pixels.shape[1:]))
        return index, painter(index, images)

    return positions.batch(batch_size).map(read, num_parallel_calls=tf.data.AUTOTUNE)


def _from_features(source: Features, samples: Samples, positions: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    # where each picture's features are: which of the tables, and its row there
    pairs = [(form == "occluded", source.forms.get(form, [])) for form in ("normal", "occluded")]
    tables = [(covered, rows, table) for covered, of_form in pairs for rows, table in of_form]
    table_of, row_of = np.full(len(samples), -1), np.zeros(len(samples), np.int64)
    for t, (covered, rows, _) in enumerate(tables):
        row_of_face = np.full(len(source.faces), -1)
        row_of_face[rows] = np.arange(len(rows))
        in_table = (samples.covered == covered) & (row_of_face[samples.rows] >= 0)
        table_of[in_table], row_of[in_table] = t, row_of_face[samples.rows[in_table]]
    if (table_of < 0).any():
        raise ValueError("features were asked for that were not computed")
    shape = tables[0][2].shape[1:]

    def take(index: np.ndarray) -> np.ndarray:
        out = np.empty((len(index), *shape), np.float32)
        for t in np.unique(table_of[index]):
            in_table = table_of[index] == t
            out[in_table] = tables[t][2][row_of[index[in_table]]]
        return out

    def read(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features = tf.numpy_function(take, [index], tf.float32, stateful=False)
        features.set_shape((None, *shape))
        return index, features

    return positions.batch(batch_size).map(read, num_parallel_calls=tf.data.AUTOTUNE)


def _from_files(
    source: Source, samples: Samples, positions: tf.data.Dataset, batch_size: int, painter: Painter
) -> tf.data.Dataset:
    faces = source.faces
    paths = tf.constant([str(faces.path(row)) for row in samples.rows])
    sizes = np.unique(faces.sizes[samples.rows], axis=0)
    at_once = 1
    if len(sizes) == 1:
        at_once = min(batch_size, max(1, BYTES_AT_ONCE // int(sizes[0].prod() * source.channels)))

    def read(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return index, decode(tf.io.read_file(paths[index]), source.channels)

    data = positions.map(read, num_parallel_calls=tf.data.AUTOTUNE)
    # pictures of several sizes are painted and resized one by one; of large ones a batch would take gigabytes
    data = data.batch(at_once)
    data = data.map(lambda index, images: (index, painter(index, images)), num_parallel_calls=tf.data.AUTOTUNE)
    if at_once == batch_size:
        return data
    data = data.map(lambda index, images: (index, _fit(images, source)), num_parallel_calls=tf.data.AUTOTUNE)
    return data.rebatch(batch_size)


def decode(content: tf.Tensor, channels: int) -> tf.Tensor:
    """Decode a JPEG or PNG file's content to uint8 (h, w, channels), RGB or grey.

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
    """Resize pictures (b, h, w, 1 or 3), and convert them to float32 (b, size, size, channels)."""
    shape = (source.size, source.size)
    if images.shape[1:3] != shape:
        images = tf.image.resize(images, shape, "bilinear", antialias=True)
    images = tf.cast(images, tf.float32)
    if images.shape[-1] == source.channels:
        return images
    return (tf.image.rgb_to_grayscale if source.channels == 1 else tf.image.grayscale_to_rgb)(images)
