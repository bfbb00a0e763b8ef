import pytest
from trees import class_tree, put, read_folder

from fer_exp.config.dataset import OnBad
from fer_exp.errors import DataError


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {"train/b": 2, "train/a": 3, "val/b": 1, "val/a": 1})


def test_given_classes_keep_their_order(root):
    faces = read_folder(root, classes=["b", "a"])
    assert faces.counts(faces.rows("train")).tolist() == [2, 3]
    assert faces.labels[faces.ids == "train/b/0.jpg"].tolist() == [0]


def test_the_only_part_beside_train_is_tested_on(root):
    faces = read_folder(root)
    assert faces.ids[faces.rows("test")].tolist() == ["val/a/0.jpg", "val/b/0.jpg"]


def test_several_test_parts_must_be_chosen_from(root):
    class_tree(root, {"test/a": 2, "test/b": 2})
    with pytest.raises(DataError, match=r"dataset\.test=test or dataset\.test=val"):
        read_folder(root)
    assert len(read_folder(root, test="val").rows("test")) == 2
    assert len(read_folder(root, test="test").rows("test")) == 4


@pytest.mark.parametrize("test", ["validation", "..", "train"])
def test_a_chosen_part_that_is_not_there_is_refused(root, test):
    with pytest.raises(DataError, match=f"dataset.test={test}"):
        read_folder(root, test=test)


def test_files_that_are_no_pictures_are_passed_over_and_counted(root, caplog):
    for name in ("notes.txt", "Thumbs.db", "labels.csv"):
        put(root / "train/a" / name, b"x")
    for _ in range(2):  # built, and from the cache
        caplog.clear()
        faces = read_folder(root)
        assert len(faces) == 7 and not faces.excluded
        assert "files that are no pictures are passed over: 2, such as train/a/labels.csv" in caplog.text


@pytest.mark.parametrize("name", ["a.gif", "picture", "deeper/0.jpg"])
def test_anything_else_in_a_class_folder_is_an_exclusion(root, name):
    put(root / "train/a" / name, b"x")
    with pytest.raises(DataError, match=name.split("/")[0]):
        read_folder(root)
    faces = read_folder(root, on_bad=OnBad.skip)
    assert [e.id for e in faces.excluded] == [f"train/a/{name.split('/')[0]}"]
    assert len(faces) == 7


def test_a_class_folder_that_no_class_names_is_an_exclusion_of_its_pictures(root):
    class_tree(root, {"train/other": 2})
    with pytest.raises(DataError, match=r"'other' is not in dataset\.classes"):
        read_folder(root, classes=["a", "b"])
    assert len(read_folder(root, classes=["a", "b"], on_bad=OnBad.skip).excluded) == 2
