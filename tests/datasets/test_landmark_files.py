import pickle
import zipfile

import numpy as np
import pytest
from hostile import Touch
from PIL import Image
from trees import affectnet_tree, class_tree, csv_pixels, damaged, fer_csv, put

from fer_exp.config.dataset import AffectNetConfig, Fer2013Config, FolderConfig
from fer_exp.datasets import load
from fer_exp.datasets.fer2013 import CODES
from fer_exp.datasets.landmark_files import match
from fer_exp.errors import DataError

IDS = ["train/a/0.jpg", "train/a/1.jpg"]


def points(n, scale=8.0):
    return np.random.default_rng(0).uniform(0, scale, (n, 68, 2))


def save(target, /, **arrays):
    with target.open("wb") as file:
        np.savez(file, **arrays)
    return target


@pytest.fixture
def file(tmp_path):
    return tmp_path / "landmarks.npz"


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {f"{part}/{name}": 2 for part in ("train", "test") for name in "ab"})


def read(root, file, **keys):
    cfg = FolderConfig(name="image_folder", root=str(root), landmarks=str(file), **keys)
    return load(cfg, size=8, workers=1)


def test_rows_are_matched_by_path_not_by_position(file):
    given = points(3)
    save(file, path=np.array(["x/unknown.jpg", IDS[1], IDS[0]]), landmarks=given)
    np.testing.assert_allclose(match(file, IDS), given[[2, 1]], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(-1, 68, 2), (-1, 136)])
def test_any_float_type_and_both_shapes_give_the_same_points(file, dtype, shape):
    given = np.round(points(2) * 4) / 4
    save(file, path=np.array(IDS), landmarks=given.reshape(shape).astype(dtype))
    found = match(file, IDS)
    assert found.dtype == np.float32
    assert (found == given).all()


def test_pictures_without_a_usable_row_have_no_landmarks(file):
    given = points(3)
    given[1, 5, 0] = np.inf
    save(file, path=np.array(["a", "b", "c"]), landmarks=given, valid=np.array([True, True, False]))
    assert np.isnan(match(file, ["a", "b", "c", "d"])).all((1, 2)).tolist() == [False, True, True, True]


def test_backslashes_count_as_slashes(file):
    save(file, path=np.array(["train\\a\\0.jpg"]), landmarks=points(1))
    assert np.isfinite(match(file, IDS)[0]).all()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"path": np.array(IDS), "landmarks": points(3)}, "unequal length: path 2, landmarks 3"),
        ({"path": np.array(IDS), "landmarks": points(2), "valid": np.ones(3, bool)}, "unequal length"),
        ({"path": np.array(IDS)}, "lacks the array `landmarks`"),
        ({"landmarks": points(2)}, "lacks the array `path`"),
        ({"path": np.array(IDS), "landmarks": points(2)[:, :67]}, r"of shape \(2, 67, 2\)"),
        ({"path": np.arange(2), "landmarks": points(2)}, "`path` must be one str per face"),
        ({"path": np.array([b"\xff.jpg", b"b.jpg"]), "landmarks": points(2)}, r"not an \.npz .*utf-8"),
        ({"path": np.array(IDS, object), "landmarks": points(2)}, "paths as str, not object"),
        ({"path": np.array(["x.jpg"]), "landmarks": points(1)}, r"has 'x\.jpg', the dataset 'train/a/0\.jpg'"),
        ({"path": np.array([IDS[0]] * 2), "landmarks": points(2)}, "is there twice"),
        ({"path": np.array([], str), "landmarks": points(0)}, "no path at all"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_what_is_wrong(file, arrays, message):
    save(file, **arrays)
    with pytest.raises(DataError, match=rf"dataset\.landmarks=.*{message}"):
        match(file, IDS)


@pytest.mark.parametrize("data", [b"", b"text", b"PK\x03\x04 cut short"])
def test_a_file_that_is_no_npz_is_refused(file, data):
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"not an \.npz file"):
        match(file, IDS)


@pytest.mark.parametrize("name", ["path", "landmarks", "valid"])
def test_a_member_that_is_no_array_is_refused(file, name):
    save(file, path=np.array(IDS), landmarks=points(2), valid=np.ones(2, bool))
    with zipfile.ZipFile(file) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data[6:] if member == f"{name}.npy" else data)
    with pytest.raises(DataError, match=rf"not an \.npz file of plain arrays \(`{name}` is no array\)"):
        match(file, IDS)


def test_landmarks_beyond_float32_are_none(file):
    far = points(2).astype(np.float64)
    far[0, 0, 0] = 1e300
    save(file, path=np.array(IDS), landmarks=far)
    assert np.isfinite(match(file, IDS)).all((1, 2)).tolist() == [False, True]


def test_a_single_npy_is_refused(tmp_path):
    np.save(tmp_path / "points.npy", points(2))
    with pytest.raises(DataError, match=r"not an \.npz file"):
        match(tmp_path / "points.npy", IDS)


def test_a_landmark_file_that_is_not_there_names_the_key(root):
    with pytest.raises(DataError, match=r"dataset\.landmarks=nowhere\.npz"):
        read(root, "nowhere.npz")


def test_landmarks_follow_their_faces_into_the_table(root, file):
    ids = [f"{part}/{name}/{i}.jpg" for part in ("test", "train") for name in "ba" for i in range(2)]
    given = points(8).astype(np.float32)
    save(file, path=np.array(ids), landmarks=given)
    faces = read(root, file)
    for row, name in enumerate(faces.ids):
        assert (faces.landmarks[row] == given[ids.index(name)]).all()


def test_other_landmarks_in_the_same_file_are_seen(root, file):
    save(file, path=np.array(IDS), landmarks=points(2))
    before = read(root, file)
    save(file, path=np.array(IDS), landmarks=points(2) + 0.25)
    after = read(root, file)
    assert (after.landmarks[0] != before.landmarks[0]).any()
    assert after.fingerprint != before.fingerprint


@pytest.mark.parametrize(("scale", "message"), [(1.0, "at most 2 pixels"), (1000.0, "outside their picture")])
def test_landmarks_in_other_units_than_pixels_of_the_pictures_are_refused(root, file, scale, message):
    save(file, path=np.array(IDS), landmarks=points(2, scale))
    with pytest.raises(DataError, match=message):
        read(root, file)


def test_landmarks_are_compared_with_the_width_in_x_and_the_height_in_y(root, file):
    for name in IDS:
        Image.new("RGB", (100, 20)).save(root / name)
    save(file, path=np.array(IDS), landmarks=points(2, (100, 20)))
    assert np.isfinite(read(root, file).landmarks[:2]).all()


def test_single_landmarks_outside_the_picture_are_kept_as_they_are(root, file):
    given = points(2).astype(np.float32)
    given[0, 8] = (4, 11)
    given[1, 0] = (-3, 2)
    save(file, path=np.array(IDS), landmarks=given)
    assert (read(root, file).landmarks[:2] == given).all()


def test_a_file_without_a_single_valid_row_leaves_the_dataset_without_landmarks(root, file):
    save(file, path=np.array(IDS), landmarks=points(2), valid=np.zeros(2, bool))
    assert read(root, file).landmarks is None


def test_rows_of_a_csv_are_named_by_usage_and_row(tmp_path, file):
    rows = [(code, csv_pixels(code + 7 * i), u) for i, u in enumerate(("Training", "PrivateTest")) for code in range(7)]
    path = fer_csv(tmp_path / "fer2013.csv", rows)
    given = points(1, 48).astype(np.float32)
    save(file, path=np.array(["Training/3"]), landmarks=given)
    cfg = Fer2013Config(name="fer2013", root=str(path), classes=sorted(CODES), landmarks=str(file))
    faces = load(cfg, size=48, workers=1)
    assert (faces.landmarks[3] == given[0]).all()
    assert np.isnan(faces.landmarks[4:]).all()


def test_a_given_file_replaces_the_landmarks_of_the_annotations(tmp_path, file):
    root = affectnet_tree(tmp_path / "faces")
    given = points(1).astype(np.float32)
    save(file, path=np.array(["train_set/images/0.jpg"]), landmarks=given)
    classes = ["neutral", "happiness", "sadness"]
    cfg = AffectNetConfig(name="affectnet", root=str(root), classes=classes, landmarks=str(file))
    faces = load(cfg, size=8, workers=1)
    assert (faces.landmarks[0] == given[0]).all()
    assert np.isnan(faces.landmarks[1:]).all()


def test_pickled_landmarks_are_not_unpickled(tmp_path):
    objects = np.array([Touch(tmp_path / "touched")], dtype=object)
    np.savez(tmp_path / "x.npz", path=objects, landmarks=np.zeros((1, 68, 2)))
    with pytest.raises(DataError, match=r"not an .npz file of plain arrays"):
        match(tmp_path / "x.npz", ["a.jpg"])
    (tmp_path / "y.npz").write_bytes(pickle.dumps(Touch(tmp_path / "touched")))
    with pytest.raises(DataError):
        match(tmp_path / "y.npz", ["a.jpg"])
    assert not (tmp_path / "touched").exists()


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
