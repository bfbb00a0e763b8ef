"""Hostile files: refused before they are unpacked, and no code of theirs runs."""

import pickle
import zipfile

import h5py
import numpy as np
import pytest
from keras import Input, Sequential
from keras.layers import Dense, Lambda

from fer_exp.datasets.landmark_files import match
from fer_exp.errors import DataError, UserError
from fer_exp.models import pretrained as weights
from fer_exp.system.archives import MOST
from fer_exp.training import checkpoints


class Touch:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def bomb(path, member):
    """A small archive that claims to unpack to more than is allowed."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(member, "w", force_zip64=True) as file,
    ):
        file.write(bytes(1000))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")
    path.write_bytes(data)
    return path


def test_pickled_landmarks_are_not_unpickled(tmp_path):
    objects = np.array([Touch(tmp_path / "touched")], dtype=object)
    np.savez(tmp_path / "x.npz", path=objects, landmarks=np.zeros((1, 68, 2)))
    with pytest.raises(DataError, match=r"no .npz file of plain arrays"):
        match(tmp_path / "x.npz", ["a.jpg"])
    (tmp_path / "y.npz").write_bytes(pickle.dumps(Touch(tmp_path / "touched")))
    with pytest.raises(DataError):
        match(tmp_path / "y.npz", ["a.jpg"])
    assert not (tmp_path / "touched").exists()


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fer_exp.system.archives.check_archive.__defaults__", (2**31,))
    with pytest.raises(DataError, match=r"takes 4\.0 GiB, more than the 2 GiB"):
        match(bomb(tmp_path / "x.npz", "landmarks.npy"), ["a.jpg"])
    with pytest.raises(UserError, match=r"takes 4\.0 GiB"):
        checkpoints.load(bomb(tmp_path / "x.keras", "model.weights.h5"))


def test_learned_weights_that_take_too_much_are_refused_before_they_are_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["layer_names"] = ["dense"]
        group = file.create_group("dense")
        group.attrs["weight_names"] = ["w"]
        group.create_dataset("w", (MOST // 4 + 1,), "f4", chunks=True, compression="gzip")  # nothing is stored of it
    assert (tmp_path / "x.h5").stat().st_size < 100_000
    with pytest.raises(UserError, match=r"more than the 8 GiB"):
        weights.load(Sequential([Input((2,)), Dense(2, name="dense")]), tmp_path / "x.h5")


def test_code_in_a_model_is_not_run(tmp_path):
    model = Sequential([Input((2,)), Lambda(lambda x: x * 2)])
    model.save(tmp_path / "x.keras")
    with pytest.raises(Exception, match=r"(?i)lambda|safe"):
        checkpoints.load(tmp_path / "x.keras")
    (tmp_path / "y.keras").write_bytes(pickle.dumps(Touch(tmp_path / "touched")))
    with pytest.raises(UserError, match="no saved model"):
        checkpoints.load(tmp_path / "y.keras")
    assert not (tmp_path / "touched").exists()
