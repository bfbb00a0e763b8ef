import logging

import pytest
from photographs import COPIES, photograph, saved
from trees import put, read_folder

from fer_exp.config.dataset import Duplicates
from fer_exp.datasets import similar, twins
from fer_exp.errors import DataError

N = 12


@pytest.fixture
def root(tmp_path):
    """12 training and 12 test faces of two classes, none like another."""
    for i in range(N):
        for part, seed in (("train", i), ("test", N + i)):
            put(tmp_path / "faces" / part / "ab"[i % 2] / f"{i}.png", saved(photograph(seed)))
    return tmp_path / "faces"


def found(root):
    faces = read_folder(root)
    pairs = twins.find_twins(faces, 2)
    return [
        (str(faces.ids[a]), str(faces.ids[b]), str(kind))
        for a, b, kind in zip(pairs.train, pairs.test, pairs.kinds(), strict=True)
    ]


def test_different_pictures_have_no_twins(root):
    assert found(root) == []


@pytest.mark.parametrize("copy", COPIES)
def test_copies_of_training_pictures_are_found_in_the_test_part(root, copy):
    for i in range(4):
        put(root / "test/b" / f"copy_{i}.jpg", COPIES[copy](photograph(i)))
    kind = "mirrored" if copy == "mirrored" else "near"
    assert found(root) == [(f"train/{'ab'[i % 2]}/{i}.png", f"test/b/copy_{i}.jpg", kind) for i in range(4)]


def test_every_pair_is_named_once_equal_ones_as_exact(root):
    for name in ("train/a/again.png", "test/b/copy_0.png", "test/b/copy_1.png"):
        put(root / name, saved(photograph(0)))
    put(root / "test/a/jpeg.jpg", COPIES["saved again"](photograph(0)))
    train = ("train/a/0.png", "train/a/again.png")
    tests = (("test/a/jpeg.jpg", "near"), ("test/b/copy_0.png", "exact"), ("test/b/copy_1.png", "exact"))
    assert found(root) == [(a, b, kind) for b, kind in tests for a in train]


def test_what_was_found_once_is_read_from_the_cache(root, monkeypatch):
    put(root / "test/b/copy.jpg", COPIES["mirrored"](photograph(0)))
    first = found(root)
    monkeypatch.setattr(twins, "find_similar", lambda *args: pytest.fail("looked for again"))
    assert found(root) == first != []


def test_blocks_change_nothing(root, monkeypatch):
    for i in range(4):
        put(root / "test/b" / f"copy_{i}.jpg", COPIES["saved again"](photograph(i)))
    whole = found(root)
    monkeypatch.setattr(similar, "BLOCK", 5)
    monkeypatch.setattr(twins, "VERSION", -1)
    assert found(root) == whole


def test_excluded_training_faces_are_those_with_a_twin_each_with_its_reason(root, caplog):
    for i in range(3):
        put(root / "test/b" / f"copy_{i}.jpg", COPIES["mirrored"](photograph(i)))
    put(root / "test/a/equal.png", saved(photograph(5)))
    with caplog.at_level(logging.WARNING):
        faces = read_folder(root, duplicates=Duplicates.exclude)
    assert set(read_folder(root).ids) - set(faces.ids) == {f"train/{'ab'[i % 2]}/{i}.png" for i in (0, 1, 2, 5)}
    assert twins.count_left_out(faces) == 4
    assert ("train/b/5.png", "b", "also in the test part (exact): test/a/equal.png") in [
        (e.id, e.label, e.reason) for e in faces.excluded
    ]
    assert "4 training faces are left out" in caplog.text
    assert len(twins.find_twins(faces, 2)) == 0


def test_a_training_part_that_is_the_test_part_is_an_error_that_names_the_key(tmp_path):
    for i in range(4):
        for part in ("train", "test"):
            put(tmp_path / part / "ab"[i % 2] / f"{i}.png", saved(photograph(i)))
    with pytest.raises(DataError, match=r"dataset\.duplicates=exclude leaves no training face: all 4"):
        read_folder(tmp_path, duplicates=Duplicates.exclude)
