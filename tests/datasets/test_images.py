import io

import cv2
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


@pytest.mark.parametrize("sampling", [0x111111, 0x211111, 0x221111])
@pytest.mark.parametrize("grey", [True, False])
def test_the_small_picture_is_bit_for_bit_that_of_pillow(sampling, grey):
    rng = np.random.default_rng(0)
    for height, width in ((48, 48), (63, 64), (224, 224), (257, 300), (31, 500), (520, 260), (7, 9)):
        picture = cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), np.uint8), (0, 0), 2)
        picture = picture[..., 0] if grey else picture
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling])[1].tobytes()
        size, small = images._small_grey(data)
        with Image.open(io.BytesIO(data)) as image:
            image.draft("L", (max(32, width // 8), max(32, height // 8)))
            expected = np.asarray(image.convert("L"))
        assert size == (height, width)
        np.testing.assert_array_equal(small, expected)


def test_a_picture_is_decoded_once_for_check_size_and_hash(root, monkeypatch):
    decoded = []
    plain = images.simplejpeg.decode_jpeg
    monkeypatch.setattr(
        images.simplejpeg, "decode_jpeg", lambda data, *a, **k: decoded.append(data) or plain(data, *a, **k)
    )
    monkeypatch.setattr(images.Image, "open", None)
    faces = read_folder(root)
    assert sum(name.endswith(".jpg") for name in faces.ids.tolist()) == len(faces) == len(decoded)
