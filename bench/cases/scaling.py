"""Whether a face costs as much among 300 000 as among 30 000: index, split, duplicates, near duplicates, description.

The training part grows; the test part does not, as in the datasets that there are. Every pair of a training and a test
face is looked at for near duplicates: where both parts grow, that cost is their product. Nearly all training faces are
hard links to others, and so the description lists nearly all as duplicates, far more than in any real dataset.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from bench.measure import Row, cpu_seconds

from fer_exp import datasets
from fer_exp.config.dataset import FolderConfig
from fer_exp.config.training import SplitBy
from fer_exp.datasets.duplicates import find_duplicates
from fer_exp.datasets.faces import Faces
from fer_exp.datasets.twins import find_twins
from fer_exp.inputs.source import Source
from fer_exp.inputs.split import draw_split
from fer_exp.reports.data_report import describe_data

WARM_UP, FEW, MANY, TEST = 3_000, 30_000, 300_000, 2_000
FILES, CLASSES, SIDE = 600, 8, 48  # files with contents of their own; the others are hard links to them
RESAVED = 2  # test pictures that are training pictures, saved again
WORKERS, SEED = 2, 0
GOAL, TABLE_GOAL = 1.3, 500


class Nowhere:
    """A run that records nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: None


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        found = {}
        for count in (WARM_UP, FEW, MANY):  # the first meets imports
            write_tree(root / str(count), count)
            found[count] = seconds_of(root / str(count))
    (few, _), (many, table) = found[FEW], found[MANY]
    for name in many:
        note = f"{1e6 * many[name] / (MANY + TEST):.3g} us per face against {1e6 * few[name] / (FEW + TEST):.3g}"
        ratio = (many[name] / (MANY + TEST)) / (few[name] / (FEW + TEST))
        yield Row(f"{name}, {MANY:,} faces", f"a face of {FEW:,}", ratio, GOAL, at_least=False, note=note)
    note = f"{1e6 * table / (MANY + TEST):.0f} bytes per face"
    yield Row(f"table of {MANY:,} faces", "-", table, TABLE_GOAL, "MB", at_least=False, note=note)


def seconds_of(root: Path) -> tuple[dict[str, float], float]:
    """Return the CPU seconds of each stage, and the megabytes of the table with landmarks."""
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        start = cpu_seconds()
        result = work()
        seconds[name] = cpu_seconds() - start
        return result

    cfg = FolderConfig("image_folder", str(root))
    faces: Faces = timed("index", lambda: datasets.load(cfg, size=SIDE, workers=WORKERS))
    timed("index, cached", lambda: datasets.load(cfg, size=SIDE, workers=WORKERS))
    points = np.random.default_rng(SEED).uniform(0, SIDE, (len(faces), 68, 2)).astype(np.float32)
    faces = replace(faces, landmarks=points)
    train, test = faces.rows("train"), faces.rows("test")
    split = timed("split", lambda: draw_split(faces, train, "mixed", 0.1, SplitBy.face, SEED))
    parts = {"training": train, "test": test}
    timed("duplicates", lambda: find_duplicates(faces.digests, parts, faces.ids))
    twins = timed("near duplicates", lambda: find_twins(faces, WORKERS))
    assert len(twins) == RESAVED * len(train) // FILES
    source = Source(faces, None, SIDE, 3)
    timed("a run's description", lambda: describe_data(Nowhere(), source, split, test, twins, "drop"))
    columns = (getattr(faces, field.name) for field in fields(faces))
    seconds["all"] = sum(seconds.values())
    return seconds, sum(column.nbytes for column in columns if isinstance(column, np.ndarray)) / 1e6


def write_tree(root: Path, count: int) -> None:
    """Write class folders of `count` training and TEST test pictures; the training pictures share FILES contents."""
    rng = np.random.default_rng(SEED)
    pictures = [blotches(rng) for _ in range(FILES + TEST - RESAVED)]
    for part in ("train", "test"):
        for label in range(CLASSES):
            (root / part / str(label)).mkdir(parents=True)
    for i in range(count):
        path = root / "train" / str(i % CLASSES) / f"{i}.jpg"
        if i < FILES:
            path.write_bytes(jpeg(pictures[i], 90))
        else:
            first = i % FILES
            os.link(root / "train" / str(first % CLASSES) / f"{first}.jpg", path)
    resaved = [jpeg(picture, 60) for picture in pictures[:RESAVED]]
    for i, data in enumerate(resaved + [jpeg(picture, 90) for picture in pictures[FILES:]]):
        (root / "test" / str(i % CLASSES) / f"{i}.jpg").write_bytes(data)


def blotches(rng: np.random.Generator) -> np.ndarray:
    """Return a picture that resembles no other: the hashes of drawn faces are more alike than those of real ones."""
    coarse = rng.integers(0, 256, (8, 8, 3), np.uint8)
    return cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
