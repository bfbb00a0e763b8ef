from pathlib import Path

import numpy as np
import pytest
from trees import class_tree, jpeg, put, read_folder

from fer_exp.config.dataset import OnBad
from fer_exp.errors import DataError


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {"train/b": 2, "train/a": 3, "val/b": 1, "val/a": 1})


@pytest.fixture
def flat(tmp_path):
    return class_tree(tmp_path / "faces", {"a": 20, "b": 10, "c": 2})


def test_classes_are_the_folders_in_alphabetical_order(root):
    faces = read_folder(root)
    assert faces.classes == ("a", "b")
    assert faces.counts(faces.rows("train")).tolist() == [3, 2]
    assert Path(faces.path(0)).read_bytes() == (root / "train/a/0.jpg").read_bytes()


def test_without_a_test_part_a_share_of_each_class_is_drawn(flat):
    faces = read_folder(flat, test_share=0.2)
    assert faces.counts(faces.rows("test")).tolist() == [4, 2, 1]
    assert faces.counts(faces.rows("train")).tolist() == [16, 8, 1]


def test_the_draw_leaves_each_class_a_training_face(flat):
    faces = read_folder(flat, test_share=0.99)
    assert faces.counts(faces.rows("train")).tolist() == [1, 1, 1]


def test_train_without_a_test_part_is_split_too(tmp_path):
    faces = read_folder(class_tree(tmp_path / "faces", {"train/a": 10, "train/b": 10}))
    assert faces.counts(faces.rows("test")).tolist() == [2, 2]


def test_the_draw_depends_on_seed_and_ids_alone(flat, tmp_path):
    def drawn(**keys):
        faces = read_folder(flat, **keys)
        return faces.ids[faces.rows("test")].tolist()

    first = drawn()
    assert drawn(test_seed=1) != first
    put(flat / "c" / "7.jpg", jpeg(77))
    assert [i for i in drawn() if i[0] != "c"] == [i for i in first if i[0] != "c"]


def test_a_class_without_training_faces_stops_or_is_listed(root):
    (root / "train/c").mkdir()
    with pytest.raises(DataError, match=r"no face of c in the training part.*dataset\.classes.*dataset\.on_bad=skip"):
        read_folder(root)
    faces = read_folder(root, on_bad=OnBad.skip)
    assert faces.classes == ("a", "b", "c")
    assert {e.id for e in faces.excluded} >= {"train/c", "test/c"}
    with pytest.raises(DataError, match="no face of d in the training part"):
        read_folder(root, classes=["a", "b", "d"])


def test_a_class_that_loses_all_its_faces_stops_or_is_listed(root):
    for path in (root / "train/b").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"no face of b in the training part.*2 faces cannot be used"):
        read_folder(root)
    assert "train/b" in {e.id for e in read_folder(root, on_bad=OnBad.skip).excluded}


def test_a_class_without_test_faces_is_listed_and_stays_a_class(root):
    (root / "val/b/0.jpg").unlink()
    with pytest.raises(DataError, match="test/b: no face of this class"):
        read_folder(root)
    faces = read_folder(root, on_bad=OnBad.skip)
    assert faces.classes == ("a", "b")
    assert [e.id for e in faces.excluded] == ["test/b"]


def test_an_empty_test_part_stops(root):
    for path in (root / "val").rglob("*.jpg"):
        path.unlink()
    with pytest.raises(DataError, match="no face in the test part"):
        read_folder(root, on_bad=OnBad.skip)


def test_a_root_without_class_folders_says_what_is_there(tmp_path):
    put(tmp_path / "faces/loose.jpg", jpeg(0))
    with pytest.raises(DataError, match=r"expected a folder of pictures per class.*found loose\.jpg"):
        read_folder(tmp_path / "faces")


def test_pictures_may_be_links_to_elsewhere(root, tmp_path_factory):
    target = put(tmp_path_factory.mktemp("store") / "x.jpg", jpeg(50))
    (root / "train/a/link.jpg").symlink_to(target)
    faces = read_folder(root)
    assert "train/a/link.jpg" in faces.ids
    assert not np.char.count(faces.ids, "..").any()
