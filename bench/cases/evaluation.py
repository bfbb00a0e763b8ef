"""Checkpoints of a small network on three test sets: ours against `evaluate` on each of three folders."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from bench.faces import write_faces
from bench.measure import Row, faster, measure

from fer_exp import models
from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.model import ConvNetConfig
from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.datasets.faces import Faces
from fer_exp.evaluation.predictions import predict
from fer_exp.inputs.source import Source
from fer_exp.occlusion.placement import place_occluder

COUNT, CLASSES, SIZE, BATCH = 800, 8, 48, 64


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        yield from compare(Path(scratch))


def compare(folder: Path) -> Iterator[Row]:
    names, landmarks = write_faces(folder, COUNT, SIZE, CLASSES)
    order = np.argsort(names)
    ids, labels = np.array(names)[order], (np.arange(COUNT) % CLASSES)[order]
    parts, sizes = np.full(COUNT, "test"), np.full((COUNT, 2), SIZE, np.int32)
    faces = Faces("bench", tuple("01234567"), ids, labels, parts, sizes, ids.astype("S"), landmarks[order], "", folder)
    source = Source(faces, place_occluder(landmarks[order], sizes, HeadsetConfig("quest2", "headset")), SIZE, 3)
    model = models.build(
        ConvNetConfig("convnet_small", "convnet", SIZE, blocks=[[16], [32], [48], [64]], first_stride=2, dropout=0.2),
        AugmentationConfig(name="none"),
        CLASSES,
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    plain = keras.utils.image_dataset_from_directory(
        folder, image_size=(SIZE, SIZE), batch_size=BATCH, shuffle=False, verbose=False
    )
    for checkpoints, goal in ((1, 1.5), (5, 2)):
        networks = dict.fromkeys(range(checkpoints), model)
        found = measure(
            {
                "ours": lambda n=networks: predict(n, source, source.rows("test"), BATCH),
                "reference": lambda n=checkpoints: [model.evaluate(plain, verbose=0) for _ in range(3 * n)],
            }
        )
        stage = f"{checkpoints} checkpoint{'s' * (checkpoints > 1)} of convnet_small on three test sets of 48x48 JPEGs"
        yield faster(stage, "three times `evaluate`", found["ours"], found["reference"], goal)
