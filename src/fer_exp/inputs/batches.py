"""From faces and a variant to batches of pictures and labels, by TensorFlow's input pipeline."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from fer_exp.inputs.pictures import PictureReader
from fer_exp.inputs.source import Features, Source
from fer_exp.inputs.variants import Samples

Take = Callable[[np.ndarray], np.ndarray]  # positions (b,) -> what a network gets of them, (b, ...) float32


class EpochSampler:
    """The order of training pictures: a function of (seed, epoch) alone, so that a resumed run repeats it.

    Calling it gives the positions of epoch `self.epoch` (1, 2, ...), (m,) int64: a permutation of all pictures,
    or, resampled, as many positions with equally many of each class, no picture drawn again before all of its
    class were. With `faces` the same is drawn of faces, and for each one of its pictures.

    Args:
        labels: (n,) class of each picture.
        seed: of the run.
        resample: whether all classes are to be drawn equally often.
        faces: (n,) the face that each picture shows; None: every picture stands for itself.
    """

    def __init__(self, labels: np.ndarray, seed: int, resample: bool = False, faces: np.ndarray | None = None) -> None:
        self.seed, self.resample, self.epoch = seed, resample, 1
        if faces is None:
            faces = np.arange(len(labels))
        _, first, which, self.forms = np.unique(faces, return_index=True, return_inverse=True, return_counts=True)
        self.labels = labels[first]
        self.pictures = np.argsort(which, kind="stable")  # of the first face, of the second, ...
        self.begin = np.cumsum(self.forms) - self.forms

    def __len__(self) -> int:
        """Return the number of positions of an epoch."""
        return len(self.labels)

    def __call__(self) -> np.ndarray:
        rng = np.random.default_rng((self.seed, self.epoch))
        drawn = self._draw(rng)
        positions: np.ndarray = self.pictures[self.begin[drawn] + rng.integers(self.forms[drawn])]
        return positions

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
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
    source: Source | Features,
    samples: Samples,
    batch_size: int,
    order: EpochSampler | None = None,
    targets: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Return batches of (pictures, labels): float32 (b, size, size, channels) in 0..255, int64 (b,).

    For a picture's way see fer_exp.inputs.pictures. Of features: (features, labels), float32 (b, ...), in the same
    order.

    Args:
        source: the pictures, or their features.
        samples: which of them, in file order.
        batch_size: pictures per batch; the last one may be smaller.
        order: the order of training pictures, asked anew at the start of every epoch; None keeps file order.
        targets: (m, ...) float32, of each sample, in place of the labels; None gives the labels.
    """
    if targets is None:
        targets = source.faces.labels[samples.rows].astype(np.int64)
    if samples.covered.any() and source.placement is None:
        raise ValueError("covered pictures were asked for, but nothing says where the bars are")
    if order is None:
        positions = tf.data.Dataset.range(len(samples))
    else:
        positions = tf.data.Dataset.from_tensors(0).flat_map(lambda _: _slices(order))
    take, shape = _from_features(source, samples) if isinstance(source, Features) else _from_pictures(source, samples)

    def read(index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return take(index), targets[index]

    def read_batch(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # marked as stateless: tf.data runs stateful functions one by one when it must be deterministic
        inputs, wanted = tf.numpy_function(read, [index], (tf.float32, targets.dtype), stateful=False)
        inputs.set_shape((None, *shape))
        wanted.set_shape((None, *targets.shape[1:]))
        return inputs, wanted

    data = positions.batch(batch_size).map(read_batch, num_parallel_calls=tf.data.AUTOTUNE)
    n = -(-len(samples if order is None else order) // batch_size)
    # no prefetch: the map works ahead by itself, and a batch of large pictures takes its memory
    return data.apply(tf.data.experimental.assert_cardinality(n))


def padded(batch: tf.Tensor, size: int) -> np.ndarray:
    """Fill up a batch with zeros to `size`: a last one of another shape would be traced anew, which costs more."""
    array = np.asarray(batch)
    if len(array) == size:
        return array  # a copy of a full batch would take its memory once more
    return np.pad(array, [(0, size - len(array))] + [(0, 0)] * (array.ndim - 1))


def _slices(order: EpochSampler) -> tf.data.Dataset:
    positions = tf.numpy_function(order, [], tf.int64)
    positions.set_shape((len(order),))
    return tf.data.Dataset.from_tensor_slices(positions)


def _from_pictures(source: Source, samples: Samples) -> tuple[Take, tuple[int, ...]]:
    reader = PictureReader(source)

    def take(index: np.ndarray) -> np.ndarray:
        return reader(samples.rows[index], samples.covered[index])

    return take, (source.size, source.size, source.channels)


def _from_features(source: Features, samples: Samples) -> tuple[Take, tuple[int, ...]]:
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

    return take, shape
