"""Training on files of another size than the network's: ours over plain `fit` on arrays in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bench.faces import write_faces
from bench.measure import Row, measure

from fer_exp import models
from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.model import ConvNetConfig
from fer_exp.datasets.faces import Faces
from fer_exp.inputs.batches import EpochSampler, batches
from fer_exp.inputs.picture_cache import PictureCache
from fer_exp.inputs.source import Source
from fer_exp.inputs.variants import build_samples

COUNT, CLASSES, BATCH = 1600, 8, 32


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        yield from compare(Path(scratch))


def compare(folder: Path) -> Iterator[Row]:
    names, _ = write_faces(folder, COUNT, 48, CLASSES)
    labels, ids = np.arange(COUNT) % CLASSES, np.array(names)
    parts, sizes = np.full(COUNT, "train"), np.full((COUNT, 2), 48, np.int32)
    faces = Faces("bench", tuple("01234567"), ids, labels, parts, sizes, ids.astype("S"), None, "", folder)
    samples = build_samples("normal", np.arange(COUNT), labels)
    data = batches(Source(faces, None, 64, 3, cache=PictureCache(10**9)), samples, BATCH, EpochSampler(labels, seed=0))
    pictures = np.concatenate([images for images, _ in data.as_numpy_iterator()])
    model = models.build(
        ConvNetConfig("convnet_small", "convnet", 64, blocks=[[16], [32], [48], [64]], first_stride=2, dropout=0.2),
        AugmentationConfig(name="none"),
        CLASSES,
    )
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    seconds = measure(
        {
            "ours": lambda: model.fit(data, verbose=0),
            "reference": lambda: model.fit(pictures, labels, batch_size=BATCH, verbose=0),
        },
        rounds=7,
    )
    over = 100 * (seconds["ours"] / seconds["reference"] - 1)
    note = f"{seconds['ours']:.3g} s against {seconds['reference']:.3g} per epoch of {COUNT}"
    yield Row("an epoch of convnet_small on 48x48 files, over", "`fit` on arrays", over, 5, "%", False, note)
