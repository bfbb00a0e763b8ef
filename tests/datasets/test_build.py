import logging
import os
import subprocess
import sys

import numpy as np
import pytest
import yaml
from trees import class_tree, jpeg, put

import fer_exp.datasets
from fer_exp.config.dataset import SCHEMAS, DatasetConfig, FolderConfig, OnBad
from fer_exp.datasets import images as pictures
from fer_exp.datasets import load
from fer_exp.errors import ConfigError, DataError

CONF = "conf/dataset"


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {"train/b": 3, "train/a": 12, "test/b": 2, "test/a": 2})


def read(root, **keys):
    return load(FolderConfig(name="image_folder", root=str(root), **keys), size=8, workers=2)


def no_pictures(*args):
    raise AssertionError("pictures were opened again")


def same(a, b):
    columns = ("ids", "labels", "parts", "sizes", "digests")
    return a.fingerprint == b.fingerprint and all((getattr(a, c) == getattr(b, c)).all() for c in columns)


def test_an_unknown_reader_is_a_config_error():
    with pytest.raises(ConfigError, match=r"dataset\.name=nothing"):
        load(DatasetConfig(name="nothing"), size=8, workers=1)


def test_faces_stand_in_natural_order_training_part_first(root):
    ids = read(root).ids.tolist()
    assert ids[:12] == [f"train/a/{i}.jpg" for i in range(12)]
    assert ids[12:] == ["train/b/0.jpg", "train/b/1.jpg", "train/b/2.jpg"] + [
        f"test/{name}/{i}.jpg" for name in "ab" for i in range(2)
    ]


def test_the_second_load_opens_no_picture_and_gives_the_same(root, monkeypatch):
    first = read(root)
    monkeypatch.setattr(pictures, "check", no_pictures)
    assert same(read(root), first)


def test_sizes_are_height_and_width(root):
    from PIL import Image

    Image.new("L", (6, 4)).save(root / "test/a/9.png")
    faces = read(root)
    assert faces.sizes[faces.ids == "test/a/9.png"].tolist() == [[4, 6]]


@pytest.mark.parametrize("change", ["add", "remove", "rename", "other size", "same size"])
def test_a_changed_source_is_read_again(root, change):
    before = read(root)
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
    assert read(root).fingerprint != before.fingerprint


def test_the_fingerprint_is_that_of_the_content_not_of_the_place(root, tmp_path):
    import shutil

    shutil.copytree(root, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert read(tmp_path / "elsewhere").fingerprint == read(root).fingerprint


def test_the_order_of_classes_is_part_of_the_fingerprint(root):
    assert read(root, classes=["b", "a"]).fingerprint != read(root, classes=["a", "b"]).fingerprint


def test_a_damaged_cache_is_built_again(root, tmp_path):
    first = read(root)
    for path in (tmp_path / "cache").rglob("table.npz"):
        path.write_bytes(path.read_bytes()[:100])
    assert same(read(root), first)


def test_a_truncated_jpeg_stops_and_is_named(root):
    put(root / "train/a/5.jpg", jpeg(5, 64)[:-200])
    with pytest.raises(DataError, match=r"train/a/5\.jpg: damaged picture.*dataset\.on_bad=skip"):
        read(root)


@pytest.mark.parametrize("data", [b"", b"no picture", jpeg(5, 64)[:-200]], ids=["empty", "text", "truncated"])
def test_skip_leaves_damaged_pictures_out_counts_and_lists_them(root, caplog, data):
    put(root / "train/a/5.jpg", data)
    with caplog.at_level(logging.WARNING):
        faces = read(root, on_bad=OnBad.skip)
    assert "train/a/5.jpg" not in faces.ids
    assert len(faces) == 18
    assert [(e.id, e.label) for e in faces.excluded] == [("train/a/5.jpg", "a")]
    assert "1 faces or classes cannot be used" in caplog.text


def test_what_was_skipped_once_still_fails_where_fail_is_asked_for(root):
    put(root / "train/a/5.jpg", b"")
    read(root, on_bad=OnBad.skip)
    with pytest.raises(DataError, match="cannot be used"):
        read(root, on_bad=OnBad.fail)


def test_a_picture_that_may_not_be_read_says_so(root, monkeypatch):
    from pathlib import Path

    plain = Path.read_bytes

    def refuse(path):
        if path.name == "5.jpg":
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"5\.jpg: cannot be read: Permission denied"):
        read(root)


def test_nothing_of_the_users_data_is_changed(root):
    def state():
        return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in root.rglob("*")}

    before = state()
    read(root)
    assert state() == before


def test_limit_cuts_each_part_down(root):
    faces = read(root, limit=3)
    assert [len(faces.rows(part)) for part in ("train", "test")] == [3, 3]
    assert (faces.counts(faces.rows("train")) >= 1).all()


def test_readers_import_nothing_heavy():
    names = ", ".join(f"fer_exp.datasets.{name}" for name in ("affectnet", "fer2013", "image_folder", "duplicates"))
    heavy = "{'tensorflow', 'keras', 'mlflow', 'hydra', 'matplotlib', 'pandas'}"
    code = f"import sys, {names}; sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["affectnet", "fer2013", "image_folder"])
def test_each_option_explains_itself_and_spells_out_the_schemas_defaults(name, pytestconfig):
    text = (pytestconfig.rootpath / CONF / f"{name}.yaml").read_text()
    assert text.startswith("# ")
    keys = yaml.safe_load(text)
    del keys["defaults"]
    assert set(keys) == set(SCHEMAS[name].__dataclass_fields__)
    assert all("#" in line for line in text.splitlines() if line and line[0].isalpha() and line != "defaults:")
    plain = SCHEMAS[name]()
    for key in set(keys) - {"name", "classes", "on_bad"}:
        assert keys[key] == getattr(plain, key)


def test_load_hands_size_and_workers_to_the_reader(monkeypatch, root):
    seen = {}

    def reader(cfg, *, size, workers):
        seen.update(size=size, workers=workers)

    monkeypatch.setattr("fer_exp.datasets.image_folder.load", reader)
    fer_exp.datasets.load(FolderConfig(name="image_folder"), size=5, workers=3)
    assert seen == {"size": 5, "workers": 3}


def test_pictures_equal_byte_by_byte_have_equal_digests(root):
    put(root / "test/a/7.jpg", (root / "train/b/0.jpg").read_bytes())
    faces = read(root)
    assert np.unique(faces.digests).size == len(faces) - 1
