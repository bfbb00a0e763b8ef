"""What frozen layers save: ResNet50 with study A's head and random weights, conv5 and the head trainable."""

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
from fer_exp.config.model import Finetune, HeadConfig, VGGFaceConfig
from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.datasets.faces import Faces
from fer_exp.evaluation.predictions import predict
from fer_exp.inputs import features
from fer_exp.inputs.batches import batches
from fer_exp.inputs.source import Source
from fer_exp.inputs.variants import build_samples
from fer_exp.models import stems
from fer_exp.occlusion.placement import place_occluder

COUNT, CLASSES, SIZE, BATCH = 32, 8, 224, 16
CFG = VGGFaceConfig(
    "resnet50", "vggface", SIZE, 3, backbone="resnet50", finetune=Finetune.part, head=HeadConfig([1024])
)


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        yield from compare(Path(scratch))


def compare(folder: Path) -> Iterator[Row]:
    source = read(folder)
    test, labels = source.rows("test"), source.faces.labels
    base = models.backbone(CFG, None)
    network = models.build(CFG, AugmentationConfig(name="none"), CLASSES, base)
    cut = stems.find_cut(base)
    stem, rest = stems.stem_of(base, cut), stems.rest_of(network, cut)
    extracted = features.extract(stem, CFG, source, features.needed_for_tests(source))
    for model in (network, rest):
        model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    normal = build_samples("normal", test, labels[test])
    seconds = measure(
        {
            "ours": lambda: rest.evaluate(batches(extracted, normal, BATCH), verbose=0),
            "whole": lambda: network.evaluate(batches(source, normal, BATCH), verbose=0),
        }
    )
    note = (seconds["ours"] / COUNT, seconds["whole"] / COUNT, 4, "face")
    yield faster("validation of ResNet50, conv5 training", "`evaluate` of the whole network", *note)
    plain = keras.utils.image_dataset_from_directory(
        folder, image_size=(SIZE, SIZE), batch_size=BATCH, shuffle=False, verbose=False
    )
    for checkpoints, goal in ((1, 1.7), (5, 4)):
        rests = dict.fromkeys(range(checkpoints), rest)
        found = measure(
            {
                "ours": lambda networks=rests: predict(networks, extracted, test, BATCH),
                "reference": lambda n=checkpoints: [network.evaluate(plain, verbose=0) for _ in range(3 * n)],
            },
            rounds=3,
        )
        stage = f"{checkpoints} checkpoint{'s' * (checkpoints > 1)} of ResNet50 on three test sets, frozen to conv4"
        yield faster(stage, "three times `evaluate`", found["ours"], found["reference"], goal)


def read(folder: Path) -> Source:
    names, landmarks = write_faces(folder, COUNT, SIZE, CLASSES)
    order = np.argsort(names)
    ids, labels = np.array(names)[order], (np.arange(COUNT) % CLASSES)[order]
    parts, sizes = np.full(COUNT, "test"), np.full((COUNT, 2), SIZE, np.int32)
    faces = Faces("bench", tuple("01234567"), ids, labels, parts, sizes, ids.astype("S"), landmarks[order], "", folder)
    return Source(faces, place_occluder(landmarks[order], sizes, HeadsetConfig("quest2", "headset")), SIZE, 3)
