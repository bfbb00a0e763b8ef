import numpy as np
import pytest
from trees import class_tree, jpeg, put

from fer_exp.config.dataset import FolderConfig, OnBad
from fer_exp.datasets import load
from fer_exp.errors import ConfigError, DataError


def read(root, **keys):
    return load(FolderConfig(name="image_folder", root=str(root), **keys), size=8, workers=1)


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {"train/b": 2, "train/a": 3, "val/b": 1, "val/a": 1})


@pytest.fixture
def flat(tmp_path):
    return class_tree(tmp_path / "faces", {"a": 20, "b": 10, "c": 2})


def test_classes_are_the_folders_in_alphabetical_order(root):
    faces = read(root)
    assert faces.classes == ("a", "b")
    assert faces.counts(faces.rows("train")).tolist() == [3, 2]
    assert faces.path(0).read_bytes() == (root / "train/a/0.jpg").read_bytes()


def test_given_classes_keep_their_order(root):
    faces = read(root, classes=["b", "a"])
    assert faces.counts(faces.rows("train")).tolist() == [2, 3]
    assert faces.labels[faces.ids == "train/b/0.jpg"].tolist() == [0]


def test_the_only_part_beside_train_is_tested_on(root):
    faces = read(root)
    assert faces.ids[faces.rows("test")].tolist() == ["val/a/0.jpg", "val/b/0.jpg"]


def test_several_test_parts_must_be_chosen_from(root):
    class_tree(root, {"test/a": 2, "test/b": 2})
    with pytest.raises(DataError, match=r"dataset\.test=test or dataset\.test=val"):
        read(root)
    assert len(read(root, test="val").rows("test")) == 2
    assert len(read(root, test="test").rows("test")) == 4


@pytest.mark.parametrize("test", ["validation", "..", "train"])
def test_a_chosen_part_that_is_not_there_is_refused(root, test):
    with pytest.raises(DataError, match=f"dataset.test={test}"):
        read(root, test=test)


def test_without_a_test_part_a_share_of_each_class_is_drawn(flat):
    faces = read(flat, test_share=0.2)
    assert faces.counts(faces.rows("test")).tolist() == [4, 2, 1]
    assert faces.counts(faces.rows("train")).tolist() == [16, 8, 1]


def test_the_draw_leaves_each_class_a_training_face(flat):
    faces = read(flat, test_share=0.99)
    assert faces.counts(faces.rows("train")).tolist() == [1, 1, 1]


def test_train_without_a_test_part_is_split_too(tmp_path):
    faces = read(class_tree(tmp_path / "faces", {"train/a": 10, "train/b": 10}))
    assert faces.counts(faces.rows("test")).tolist() == [2, 2]


def test_the_draw_depends_on_seed_and_ids_alone(flat, tmp_path):
    def drawn(**keys):
        faces = read(flat, **keys)
        return faces.ids[faces.rows("test")].tolist()

    first = drawn()
    assert drawn(test_seed=1) != first
    put(flat / "c" / "7.jpg", jpeg(77))
    assert [i for i in drawn() if i[0] != "c"] == [i for i in first if i[0] != "c"]


@pytest.mark.parametrize("junk", [".DS_Store", "Thumbs.db", ".hidden.jpg", "desktop.ini"])
def test_what_file_managers_leave_behind_is_passed_over(root, junk):
    put(root / "train/a" / junk, b"x")
    assert read(root).excluded == ()


@pytest.mark.parametrize("name", ["note.txt", "a.gif", "deeper/0.jpg"])
def test_anything_else_in_a_class_folder_is_an_exclusion(root, name):
    put(root / "train/a" / name, b"x")
    with pytest.raises(DataError, match=name.split("/")[0]):
        read(root)
    faces = read(root, on_bad=OnBad.skip)
    assert [e.id for e in faces.excluded] == [f"train/a/{name.split('/')[0]}"]
    assert len(faces) == 7


def test_endings_are_read_in_any_case(root):
    (root / "train/a/0.jpg").rename(root / "train/a/0.JPEG")
    assert "train/a/0.JPEG" in read(root).ids


def test_a_class_folder_that_no_class_names_is_an_exclusion_of_its_pictures(root):
    class_tree(root, {"train/other": 2})
    with pytest.raises(DataError, match=r"'other' is not in dataset\.classes"):
        read(root, classes=["a", "b"])
    assert len(read(root, classes=["a", "b"], on_bad=OnBad.skip).excluded) == 2


def test_a_class_without_training_faces_stops_or_is_listed(root):
    (root / "train/c").mkdir()
    with pytest.raises(DataError, match=r"no face of c in the training part.*dataset\.classes.*dataset\.on_bad=skip"):
        read(root)
    faces = read(root, on_bad=OnBad.skip)
    assert faces.classes == ("a", "b", "c")
    assert {e.id for e in faces.excluded} >= {"train/c", "test/c"}
    with pytest.raises(DataError, match="no face of d in the training part"):
        read(root, classes=["a", "b", "d"])


def test_a_class_that_loses_all_its_faces_stops_or_is_listed(root):
    for path in (root / "train/b").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"no face of b in the training part.*2 faces cannot be used"):
        read(root)
    assert "train/b" in {e.id for e in read(root, on_bad=OnBad.skip).excluded}


def test_a_class_without_test_faces_is_listed_and_stays_a_class(root):
    (root / "val/b/0.jpg").unlink()
    with pytest.raises(DataError, match="test/b: no face of this class"):
        read(root)
    faces = read(root, on_bad=OnBad.skip)
    assert faces.classes == ("a", "b")
    assert [e.id for e in faces.excluded] == ["test/b"]


def test_an_empty_test_part_stops(root):
    for path in (root / "val").rglob("*.jpg"):
        path.unlink()
    with pytest.raises(DataError, match="no face in the test part"):
        read(root, on_bad=OnBad.skip)


def test_a_root_that_is_not_set_names_the_key():
    with pytest.raises(ConfigError, match=r"dataset\.root=DIR"):
        load(FolderConfig(name="image_folder"), size=8, workers=1)


def test_a_root_that_is_not_there_names_key_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"dataset\.root=.*nowhere"):
        read(tmp_path / "nowhere")


def test_a_file_where_a_folder_is_expected_says_so(tmp_path):
    with pytest.raises(DataError, match="is a file where a folder is expected"):
        read(put(tmp_path / "faces.zip", b"x"))


def test_a_root_without_class_folders_says_what_is_there(tmp_path):
    put(tmp_path / "faces/loose.jpg", jpeg(0))
    with pytest.raises(DataError, match=r"expected a folder of pictures per class.*found loose\.jpg"):
        read(tmp_path / "faces")


def test_pictures_may_be_links_to_elsewhere(root, tmp_path_factory):
    target = put(tmp_path_factory.mktemp("store") / "x.jpg", jpeg(50))
    (root / "train/a/link.jpg").symlink_to(target)
    faces = read(root)
    assert "train/a/link.jpg" in faces.ids
    assert not np.char.count(faces.ids, "..").any()
