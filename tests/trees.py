"""Tiny datasets on disk for the readers' tests: every picture is different, unless told otherwise."""

import csv
import io
from pathlib import Path

import numpy as np
from PIL import Image

from fer_exp.config.dataset import AffectNetConfig, FolderConfig
from fer_exp.datasets import load
from fer_exp.datasets.faces import Faces

EXPRESSIONS = ["neutral", "happiness", "sadness"]


def jpeg(seed: int, size: int = 8) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (size, size, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", quality=90)
    return file.getvalue()


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def class_tree(root: Path, counts: dict[str, int]) -> Path:
    """counts: "train/happy" -> pictures 0.jpg, 1.jpg, ... in it."""
    seed = 0
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            put(root / folder / f"{i}.jpg", jpeg(seed))
            seed += 1
    return root


def affectnet_face(root: Path, part: str, name: str, exp, lnd=None, seed: int = 0) -> None:
    """One face with its annotations; exp is stored as it is, lnd too where it is given."""
    put(root / part / "images" / f"{name}.jpg", jpeg(seed))
    folder = root / part / "annotations"
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}_exp.npy", exp)
    if lnd is not None:
        np.save(folder / f"{name}_lnd.npy", lnd)


def affectnet_tree(root: Path) -> Path:
    """Six training and three test faces of EXPRESSIONS, as distributed."""
    for part, count in (("train_set", 6), ("val_set", 3)):
        for i in range(count):
            affectnet_face(root, part, str(i), np.array(str(i % 3)), np.arange(136.0) / 20, seed=10 * count + i)
    return root


def fer_csv(path: Path, rows: list[tuple], header=("emotion", "pixels", "Usage")) -> Path:
    """rows of (emotion, pixels, Usage)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def csv_pixels(seed: int, count: int = 48 * 48) -> str:
    return " ".join(map(str, np.random.default_rng(seed).integers(0, 256, count)))


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut off, overwritten, doubled or with bytes taken out of its midst."""
    data = bytearray(data)
    at, n = int(rng.integers(len(data))), int(rng.integers(1, 20))
    kind = rng.integers(4)
    if kind == 0:
        return bytes(data[:at])
    if kind == 1:
        data[at : at + n] = rng.bytes(min(n, len(data) - at))
    elif kind == 2:
        data[at:at] = data[at : at + n]
    else:
        del data[at : at + n]
    return bytes(data)


def png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def read_folder(root: Path, **keys) -> Faces:
    """The faces of a folder per class."""
    return load(FolderConfig(name="image_folder", root=str(root), **keys), size=8, workers=2)


def read_affectnet(root: Path, classes=EXPRESSIONS, **keys) -> Faces:
    """The faces of AffectNet's layout."""
    return load(AffectNetConfig(name="affectnet", root=str(root), classes=classes, **keys), size=8, workers=2)
