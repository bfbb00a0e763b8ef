import io
import os
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image
from trees import class_tree, damaged, jpeg, png, put, read_folder

from fer_exp.config.dataset import OnBad
from fer_exp.datasets import images
from fer_exp.errors import DataError
from fer_exp.system.regular import read_bytes


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {"train/b": 3, "train/a": 12, "test/b": 2, "test/a": 2})


def test_sizes_are_height_and_width(root):
    Image.new("L", (6, 4)).save(root / "test/a/9.png")
    faces = read_folder(root)
    assert faces.sizes[faces.ids == "test/a/9.png"].tolist() == [[4, 6]]


def test_a_picture_that_may_not_be_read_says_so(root, monkeypatch):
    def refuse(path):
        if path.endswith("5.jpg"):
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(images, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"5\.jpg: cannot be read: Permission denied"):
        read_folder(root)


@pytest.mark.parametrize(
    "make, reason",
    [
        (os.mkfifo, "not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a file"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("nothing.jpg"), "No such file"),
    ],
    ids=["pipe", "device", "loop", "dangling"],
)
def test_what_is_no_file_costs_one_picture(root, make, reason):
    make(root / "train/a/99.jpg")
    with pytest.raises(DataError, match=rf"1 face or class .*train/a/99\.jpg: cannot be read: .*{reason}"):
        read_folder(root)
    faces = read_folder(root, on_bad=OnBad.skip)
    assert [e.id for e in faces.excluded] == ["train/a/99.jpg"] and len(faces) == 19


def chunk(kind, content):
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


BROKEN_PNGS = {
    "checksum of the pixels": lambda data: data[:-16] + bytes([data[-16] ^ 1]) + data[-15:],
    "checksum of the end": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "no end": lambda data: data[:-12],
    "two beginnings": lambda data: data[:33] + data[8:33] + data[33:],
    "something before the beginning": lambda data: data[:8] + chunk(b"tEXt", b"a\0b") + data[8:],
    "unknown compression": lambda data: data[:8] + chunk(b"IHDR", data[16:26] + b"\1\0\0") + data[33:],
    "part of a colour": lambda data: data[:33] + chunk(b"PLTE", b"1234") + data[33:],
}


@pytest.mark.parametrize("change", BROKEN_PNGS.values(), ids=BROKEN_PNGS)
def test_a_png_that_training_could_not_decode_is_not_let_through(root, change):
    put(root / "test/a/9.png", change(png()))
    with pytest.raises(DataError, match=r"1 face or class .*test/a/9\.png: (damaged|not a JPEG or PNG) picture"):
        read_folder(root)


def test_a_jpeg_without_its_end_is_not_let_through(root):
    for name, data in (("cut", jpeg(0)[:-2] + bytes(9)), ("extra", jpeg(0)[:-2] + b"abc\xff\xd9")):
        put(root / f"test/a/{name}.jpg", data)
    faces = read_folder(root, on_bad=OnBad.skip)
    assert [e.id for e in faces.excluded] == ["test/a/cut.jpg"]


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
