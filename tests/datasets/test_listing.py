import pytest
from trees import class_tree, put, read_folder

from fer_exp.config.dataset import FolderConfig
from fer_exp.datasets import load
from fer_exp.errors import ConfigError, DataError


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {"train/b": 2, "train/a": 3, "val/b": 1, "val/a": 1})


@pytest.mark.parametrize("junk", [".DS_Store", "Thumbs.db", ".hidden.jpg", "desktop.ini"])
def test_what_file_managers_leave_behind_is_passed_over(root, junk):
    put(root / "train/a" / junk, b"x")
    assert read_folder(root).excluded == ()


def test_endings_are_read_in_any_case(root):
    (root / "train/a/0.jpg").rename(root / "train/a/0.JPEG")
    assert "train/a/0.JPEG" in read_folder(root).ids


def test_a_root_that_is_not_set_names_the_key():
    with pytest.raises(ConfigError, match=r"dataset\.root=DIR"):
        load(FolderConfig(name="image_folder"), size=8, workers=1)


def test_a_root_that_is_not_there_names_key_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"dataset\.root=.*nowhere"):
        read_folder(tmp_path / "nowhere")


def test_a_file_where_a_folder_is_expected_says_so(tmp_path):
    with pytest.raises(DataError, match="is a file where a folder is expected"):
        read_folder(put(tmp_path / "faces.zip", b"x"))
