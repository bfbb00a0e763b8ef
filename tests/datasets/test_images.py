import numpy as np
import pytest
from PIL import Image
from trees import class_tree, damaged, jpeg, png, put, read_folder

from fer_exp.datasets import images
from fer_exp.errors import DataError


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {"train/b": 3, "train/a": 12, "test/b": 2, "test/a": 2})


def test_sizes_are_height_and_width(root):
    Image.new("L", (6, 4)).save(root / "test/a/9.png")
    faces = read_folder(root)
    assert faces.sizes[faces.ids == "test/a/9.png"].tolist() == [[4, 6]]


def test_a_picture_that_may_not_be_read_says_so(root, monkeypatch):
    from pathlib import Path

    plain = Path.read_bytes

    def refuse(path):
        if path.name == "5.jpg":
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"5\.jpg: cannot be read: Permission denied"):
        read_folder(root)


def test_pictures_equal_byte_by_byte_have_equal_digests(root):
    put(root / "test/a/7.jpg", (root / "train/b/0.jpg").read_bytes())
    faces = read_folder(root)
    assert np.unique(faces.digests).size == len(faces) - 1


@pytest.mark.parametrize("whole", [jpeg(3), png()], ids=["jpeg", "png"])
def test_pictures_that_are_let_through_can_be_read(tmp_path, whole):
    rng = np.random.default_rng(0)
    names = [put(tmp_path / f"{i}.jpg", damaged(whole, rng)).name for i in range(1000)]
    sizes, _, _, unreadable = images.check(tmp_path, names, 2)
    assert 400 < len(unreadable) < 1000 and all(unreadable.values())
    for row in set(range(1000)) - set(unreadable):
        assert sizes[row].min() > 0 and sizes[row].max() < 2**16
        with Image.open(tmp_path / names[row]) as image:
            image.load()
