"""What a network's pictures cost: ours against Keras's reader of folders, files in class folders."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from bench.faces import write_faces
from bench.measure import Row, faster, measure

from fer_exp.config.occlusion import Fill, HeadsetConfig
from fer_exp.datasets.faces import Faces
from fer_exp.inputs.batches import batches
from fer_exp.inputs.picture_cache import PictureCache
from fer_exp.inputs.source import Source
from fer_exp.inputs.variants import build_samples
from fer_exp.occlusion.placement import place_occluder

CLASSES, BATCH = 8, 32
GIGABYTE = 10**9


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        yield from compare(
            Path(scratch) / "224",
            224,
            3,
            640,
            {"cold": 1.3, "cold, and kept in memory": 1.0, "painted": 1.1, "warm": 5},
        )
        yield from compare(
            Path(scratch) / "48", 48, 1, 3200, {"cold": 1.0, "cold, and kept in memory": 1.0, "painted": 1.0, "warm": 3}
        )


def read(data: tf.data.Dataset) -> int:
    """Read all batches once: an epoch."""
    return sum(len(images) for images, _ in data)


def compare(folder: Path, size: int, channels: int, count: int, goals: dict[str, float]) -> Iterator[Row]:
    """Yield a row for each goal: read for the first time, the same painted, read again."""
    names, landmarks = write_faces(folder, count, size, CLASSES, grey=channels == 1)
    labels, sizes = np.arange(count) % CLASSES, np.full((count, 2), size, np.int32)
    ids = np.array(names)
    classes = tuple(map(str, range(CLASSES)))
    faces = Faces("bench", classes, ids, labels, np.full(count, "train"), sizes, ids.astype("S"), landmarks, "", folder)
    placement = place_occluder(landmarks, sizes, HeadsetConfig("quest2", "headset"))

    def ours(variant: str, cache: PictureCache | None = None) -> tf.data.Dataset:
        source = Source(faces, placement, size, channels, cache=cache)
        return batches(source, build_samples(variant, np.arange(count), labels), BATCH)

    mode = "grayscale" if channels == 1 else "rgb"
    data = {
        "reference": keras.utils.image_dataset_from_directory(
            folder, image_size=(size, size), batch_size=BATCH, shuffle=False, color_mode=mode, verbose=False
        ),
        "cold": ours("normal"),
        "painted": ours("occluded"),
        "warm": ours("normal", PictureCache(GIGABYTE)),
    }
    ways = {name: partial(read, dataset) for name, dataset in data.items()}
    # a first epoch: memory is taken, and every picture kept
    ways["cold, and kept in memory"] = lambda: read(ours("normal", PictureCache(GIGABYTE)))
    seconds = measure(ways, rounds=7)
    each = {name: found / count for name, found in seconds.items()}
    stage, way = f"reading {size}x{size} JPEGs, ", "image_dataset_from_directory"
    for name, goal in goals.items():
        yield faster(stage + name, way, each[name], each["reference"], goal, "picture")
    yield filling(faces, landmarks, sizes, size, channels)
    if size == 224:
        added = 1000 * (each["painted"] - each["cold"])
        yield Row("painting, added per 224x224 picture", "", max(added, 0.001), 0.05, "ms", at_least=False)


def filling(faces: Faces, landmarks: np.ndarray, sizes: np.ndarray, size: int, channels: int) -> Row:
    """Return the row of what inpainting the bar adds to painting it."""
    rows = np.arange(128)
    pictures = np.random.default_rng(0).integers(0, 256, (len(rows), size, size, channels)).astype(np.uint8)
    placements = {
        fill: place_occluder(landmarks, sizes, HeadsetConfig("quest2", "headset", fill=fill))
        for fill in (Fill.color, Fill.inpaint)
    }
    covered = np.ones(len(rows), bool)
    ways = {fill.name: partial(at.paint, pictures, rows, covered) for fill, at in placements.items()}
    seconds = measure(ways)
    added = 1000 * (seconds["inpaint"] - seconds["color"]) / len(rows)
    return Row(f"inpainting the bar, added per {size}x{size} picture", "-", added, 2, "ms", at_least=False)
