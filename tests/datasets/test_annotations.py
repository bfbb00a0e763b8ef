import os

import numpy as np
import pytest
from trees import affectnet_face, damaged, put, read_affectnet

from fer_exp.config.dataset import OnBad
from fer_exp.datasets.annotations import read_expression, read_landmarks
from fer_exp.errors import DataError


@pytest.mark.parametrize(
    "exp",
    [
        np.array("2"),
        np.array(["2"]),
        np.array(b"2"),
        np.array(2),
        np.array([2.0], np.float32),
        np.array(2, np.uint8),
        np.array("2.0"),
    ],
    ids=lambda exp: f"{exp.dtype}{exp.shape}",
)
def test_expression_codes_are_read_in_any_form(root, exp):
    affectnet_face(root, "train_set", "9", exp, seed=9)
    faces = read_affectnet(root)
    assert faces.labels[faces.ids == "train_set/images/9.jpg"].tolist() == [2]


@pytest.mark.parametrize("shape", [(136,), (68, 2)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, "U12"])
def test_landmarks_are_read_in_any_form_as_x_and_y(root, shape, dtype):
    points = (np.arange(136) / 4).reshape(shape).astype(dtype)
    affectnet_face(root, "train_set", "9", np.array("0"), points, seed=9)
    faces = read_affectnet(root)
    found = faces.landmarks[faces.ids == "train_set/images/9.jpg"][0]
    assert found.dtype == np.float32
    assert found[1].tolist() == [0.5, 0.75]


def test_landmarks_in_column_order_are_read_as_x_and_y(root):
    points = np.asfortranarray((np.arange(136) / 4).reshape(68, 2))
    affectnet_face(root, "train_set", "9", np.array("0"), points, seed=9)
    faces = read_affectnet(root)
    assert (faces.landmarks[faces.ids == "train_set/images/9.jpg"] == points).all()


@pytest.mark.parametrize(
    ("exp", "reason"),
    [
        (np.array("happy"), "could not convert"),
        (np.array(1.5), "not an expression code"),
        (np.array([1, 2]), "expected one code"),
        (np.array(np.nan), "not an expression code"),
    ],
)
def test_an_annotation_that_is_no_code_is_named(root, exp, reason):
    affectnet_face(root, "train_set", "9", exp, seed=9)
    with pytest.raises(DataError, match=rf"images/9\.jpg: .*{reason}"):
        read_affectnet(root)


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY\x01\x00\xff", b"text"])
@pytest.mark.parametrize("kind", ["exp", "lnd"])
def test_a_damaged_annotation_is_an_exclusion(root, data, kind):
    put(root / f"train_set/annotations/5_{kind}.npy", data)
    faces = read_affectnet(root, on_bad=OnBad.skip)
    assert [e.id for e in faces.excluded] == ["train_set/images/5.jpg"]


def test_pickled_annotations_are_refused(root):
    np.save(root / "train_set/annotations/5_exp.npy", np.array({"code": 1}, dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"images/5\.jpg"):
        read_affectnet(root)


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


def test_an_annotation_that_is_a_pipe_is_not_waited_for(root):
    path = root / "train_set/annotations/1_lnd.npy"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"1 face or class .*images/1\.jpg: .*not a file"):
        read_affectnet(root)
