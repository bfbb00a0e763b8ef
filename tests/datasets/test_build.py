import logging
import os

import pytest
from trees import class_tree, jpeg, put, read_folder

from fer_exp.config.dataset import OnBad
from fer_exp.datasets import images
from fer_exp.errors import DataError


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {"train/b": 3, "train/a": 12, "test/b": 2, "test/a": 2})


def no_pictures(*args):
    raise AssertionError("pictures were opened again")


def same(a, b):
    columns = ("ids", "labels", "parts", "sizes", "digests")
    return a.fingerprint == b.fingerprint and all((getattr(a, c) == getattr(b, c)).all() for c in columns)


def test_faces_stand_in_natural_order_training_part_first(root):
    ids = read_folder(root).ids.tolist()
    assert ids[:12] == [f"train/a/{i}.jpg" for i in range(12)]
    assert ids[12:] == ["train/b/0.jpg", "train/b/1.jpg", "train/b/2.jpg"] + [
        f"test/{name}/{i}.jpg" for name in "ab" for i in range(2)
    ]


def test_the_second_load_opens_no_picture_and_gives_the_same(root, monkeypatch):
    first = read_folder(root)
    monkeypatch.setattr(images, "check", no_pictures)
    assert same(read_folder(root), first)


@pytest.mark.parametrize("change", ["add", "remove", "rename", "other size", "same size"])
def test_a_changed_source_is_read_again(root, change):
    before = read_folder(root)
    picture = root / "train/a/1.jpg"
    if change == "add":
        put(root / "train/a/new.jpg", jpeg(99))
    elif change == "remove":
        picture.unlink()
    elif change == "rename":
        picture.rename(root / "train/a/other.jpg")
    elif change == "other size":
        picture.write_bytes(jpeg(99, size=16))
    else:
        stat = picture.stat()
        data = bytearray(picture.read_bytes())
        data[30] += 1  # in the quantisation table: another picture of the same length
        picture.write_bytes(data)
        os.utime(picture, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))
    assert read_folder(root).fingerprint != before.fingerprint


def test_the_fingerprint_is_that_of_the_content_not_of_the_place(root, tmp_path):
    import shutil

    shutil.copytree(root, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert read_folder(tmp_path / "elsewhere").fingerprint == read_folder(root).fingerprint


def test_the_order_of_classes_is_part_of_the_fingerprint(root):
    assert read_folder(root, classes=["b", "a"]).fingerprint != read_folder(root, classes=["a", "b"]).fingerprint


def test_a_damaged_cache_is_built_again(root, tmp_path):
    first = read_folder(root)
    for path in (tmp_path / "cache").rglob("table.npz"):
        path.write_bytes(path.read_bytes()[:100])
    assert same(read_folder(root), first)


def test_a_truncated_jpeg_stops_and_is_named(root):
    put(root / "train/a/5.jpg", jpeg(5, 64)[:-200])
    with pytest.raises(DataError, match=r"train/a/5\.jpg: damaged picture.*dataset\.on_bad=skip"):
        read_folder(root)


@pytest.mark.parametrize("data", [b"", b"no picture", jpeg(5, 64)[:-200]], ids=["empty", "text", "truncated"])
def test_skip_leaves_damaged_pictures_out_counts_and_lists_them(root, caplog, data):
    put(root / "train/a/5.jpg", data)
    with caplog.at_level(logging.WARNING):
        faces = read_folder(root, on_bad=OnBad.skip)
    assert "train/a/5.jpg" not in faces.ids
    assert len(faces) == 18
    assert [(e.id, e.label) for e in faces.excluded] == [("train/a/5.jpg", "a")]
    assert "1 face or class cannot be used" in caplog.text


def test_what_was_skipped_once_still_fails_where_fail_is_asked_for(root):
    put(root / "train/a/5.jpg", b"")
    read_folder(root, on_bad=OnBad.skip)
    with pytest.raises(DataError, match="cannot be used"):
        read_folder(root, on_bad=OnBad.fail)


def test_nothing_of_the_users_data_is_changed(root):
    def state():
        return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in root.rglob("*")}

    before = state()
    read_folder(root)
    assert state() == before
