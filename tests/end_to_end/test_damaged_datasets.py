"""Damaged files by the thousand: an error that the reader counts, or what a strict reading gives; no crash, no hang."""

import io

import numpy as np
import pytest
from PIL import Image
from trees import jpeg, put

from fer_exp.datasets import images as pictures
from fer_exp.datasets.annotations import read_expression, read_landmarks
from fer_exp.datasets.landmark_files import match
from fer_exp.errors import DataError


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


@pytest.mark.parametrize("whole", [jpeg(3), png()], ids=["jpeg", "png"])
def test_pictures_that_are_let_through_can_be_read(tmp_path, whole):
    rng = np.random.default_rng(0)
    names = [put(tmp_path / f"{i}.jpg", damaged(whole, rng)).name for i in range(1000)]
    sizes, _, unreadable = pictures.check(tmp_path, names, 2)
    assert 400 < len(unreadable) < 1000 and all(unreadable.values())
    for row in set(range(1000)) - set(unreadable):
        assert sizes[row].min() > 0 and sizes[row].max() < 2**16
        with Image.open(tmp_path / names[row]) as image:
            image.load()


def test_annotations_are_read_or_refused(tmp_path):
    rng = np.random.default_rng(0)
    wholes = []
    for name, array in (("exp", np.array("4")), ("lnd", np.arange(136.0))):
        np.save(tmp_path / f"{name}.npy", array)
        wholes.append((tmp_path / f"{name}.npy").read_bytes())
    refused = 0
    for i in range(2000):
        file = put(tmp_path / "x.npy", damaged(wholes[i % 2], rng))
        try:
            if i % 2:
                points = read_landmarks(str(file))
                assert points.shape == (68, 2) and points.dtype == np.float32
                assert np.isfinite(points).all() or np.isnan(points).all()
            else:
                assert isinstance(read_expression(str(file)), int)
        except (OSError, ValueError):
            refused += 1
    assert refused > 500


def test_landmark_files_are_read_or_refused(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "x.npz", path=np.array(["a.jpg", "b.jpg"]), landmarks=rng.random((2, 68, 2)))
    whole, refused = (tmp_path / "x.npz").read_bytes(), 0
    for _ in range(1000):
        file = put(tmp_path / "x.npz", damaged(whole, rng))
        try:
            assert match(file, ["a.jpg", "b.jpg"]).shape == (2, 68, 2)
        except DataError:
            refused += 1
    assert refused > 300
