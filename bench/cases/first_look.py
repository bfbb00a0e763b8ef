"""The first look at a dataset in AffectNet's layout, four .npy per picture, and the later ones, from the cache."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np
from bench.faces import write_faces
from bench.measure import Row, faster, measure
from PIL import Image

from fer_exp import datasets
from fer_exp.config.dataset import AffectNetConfig
from fer_exp.datasets.affectnet import _read_annotations

CLASSES = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]
DRAWN, FACES = 200, 2000


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        yield from compare(Path(scratch))


def compare(folder: Path) -> Iterator[Row]:
    root = folder / "affectnet"
    pictures, stems = write_tree(folder, root)

    def load(cache: str) -> None:
        os.environ["FER_EXP_CACHE"] = cache
        datasets.load(AffectNetConfig("affectnet", str(root), classes=CLASSES), size=224, workers=2)

    ways = {
        "np.load": lambda: [(int(np.load(f"{s}_exp.npy")), np.load(f"{s}_lnd.npy").astype(np.float32)) for s in stems],
        "annotations": lambda: _read_annotations(stems, len(CLASSES), 2),
        "decode": lambda: [decode(path.read_bytes()) for path in pictures],
        "plain": lambda: [look_plainly(path, stem) for path, stem in zip(pictures, stems, strict=True)],
        "first": lambda: load(tempfile.mkdtemp(dir=folder)),
        "cached": lambda: load(f"{folder}/kept"),
    }
    each = {name: seconds / FACES for name, seconds in measure(ways).items()}
    yield faster("annotations of AffectNet, first time", "np.load", each["annotations"], each["np.load"], 6, "face")
    yield faster("the same with all else of the table, cached", "np.load", each["cached"], each["np.load"], 20, "face")
    yield faster("first look at a dataset", "np.load, Pillow, a digest", each["first"], each["plain"], 2, "face")
    note = f"{1000 * each['first']:.3g} ms against {1000 * each['decode']:.3g} per face"
    cost = each["first"] / each["decode"]
    yield Row("first look at a dataset, all of it", "decoding by Pillow", cost, 1.3, at_least=False, note=note)


def decode(data: bytes) -> tuple[int, ...]:
    """Decode a picture as is usual; return its shape."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).shape


def look_plainly(path: Path, stem: str) -> tuple[object, ...]:
    """Return what the plain way knows of a face."""
    data = path.read_bytes()
    label, landmarks = int(np.load(f"{stem}_exp.npy")), np.load(f"{stem}_lnd.npy")
    return label, landmarks, decode(data), blake2b(data).hexdigest()


def write_tree(folder: Path, root: Path) -> tuple[list[Path], list[str]]:
    """Write a dataset; return its pictures and their annotations without the endings."""
    names, landmarks = write_faces(folder / "drawn", DRAWN, 224)
    drawn = [(folder / "drawn" / name).read_bytes() for name in names]
    pictures, stems = [], []
    for i in range(FACES):
        part = root / ("val_set" if i % 51 == 0 else "train_set")
        for kind in ("images", "annotations"):
            (part / kind).mkdir(parents=True, exist_ok=True)
        pictures.append(part / "images" / f"{i}.jpg")
        pictures[-1].write_bytes(drawn[i % DRAWN] + i.to_bytes(4, "little"))  # no two are equal
        stems.append(f"{part}/annotations/{i}")
        for ending, value in (
            ("exp", np.array(str(i % 8))),
            ("lnd", landmarks[i % DRAWN].ravel().astype(np.float64)),
            ("val", np.array("0.582298")),
            ("aro", np.array("-0.1")),
        ):
            np.save(f"{stems[-1]}_{ending}.npy", value)
    return pictures, stems
