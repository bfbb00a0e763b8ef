"""Hostile files are refused before they are unpacked."""

import zipfile

import h5py
import pytest
from keras import Input, Sequential
from keras.layers import Dense

from fer_exp.datasets.landmark_files import match
from fer_exp.errors import DataError, UserError
from fer_exp.models import pretrained
from fer_exp.system.archives import MOST
from fer_exp.training.checkpoints import load


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


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fer_exp.system.archives.check_archive.__defaults__", (2**31,))
    with pytest.raises(DataError, match=r"takes 4\.0 GiB, more than the 2 GiB"):
        match(bomb(tmp_path / "x.npz", "landmarks.npy"), ["a.jpg"])
    with pytest.raises(UserError, match=r"takes 4\.0 GiB"):
        load(bomb(tmp_path / "x.keras", "model.weights.h5"))


def test_learned_weights_that_take_too_much_are_refused_before_they_are_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["layer_names"] = ["dense"]
        group = file.create_group("dense")
        group.attrs["weight_names"] = ["w"]
        group.create_dataset("w", (MOST // 4 + 1,), "f4", chunks=True, compression="gzip")  # nothing is stored of it
    assert (tmp_path / "x.h5").stat().st_size < 100_000
    with pytest.raises(UserError, match=r"more than the 8 GiB"):
        pretrained.load(Sequential([Input((2,)), Dense(2, name="dense")]), tmp_path / "x.h5")
