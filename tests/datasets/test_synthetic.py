"""The built-in dataset: what a run is given."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from fer_exp.config.dataset import SyntheticConfig
from fer_exp.datasets.synthetic import load, store
from fer_exp.datasets.synthetic.classes import CLASSES
from fer_exp.datasets.synthetic.face import draw
from fer_exp.errors import ConfigError, DataError
from fer_exp.system.cache import cache_dir

CONFIG = SyntheticConfig(name="synthetic", n_train=80, n_test=16, size=24)


def entry():
    (folder,) = (path for path in (cache_dir() / "synthetic").iterdir() if path.is_dir())
    return folder


@pytest.fixture
def forbid_drawing(monkeypatch):
    """Once called, nothing can be drawn: what comes, comes from the cache."""

    def refuse(*_):
        raise AssertionError("drawn again")

    return lambda: monkeypatch.setattr(store, "write", refuse)


def test_a_table_says_what_it_holds():
    faces = load(CONFIG, size=64, workers=1)
    assert len(faces) == 96 and faces.synthetic and faces.name == "synthetic" and faces.classes == CLASSES
    assert faces.pixels.shape == (96, 24, 24, 3) and faces.pixels.dtype == np.uint8
    assert faces.landmarks.shape == (96, 68, 2) and faces.landmarks.dtype == np.float32
    assert faces.ids[[0, 79, 80, 95]].tolist() == ["train/000000", "train/000079", "test/000000", "test/000015"]
    assert faces.rows("train").tolist() == list(range(80))
    assert (faces.sizes == 24).all() and faces.sizes.shape == (96, 2)
    assert len(np.unique(faces.digests)) == 96  # no picture is in both parts


def test_one_process_and_two_draw_the_same(tmp_path, monkeypatch):
    one = load(CONFIG, size=64, workers=1)
    monkeypatch.setenv("FER_EXP_CACHE", str(tmp_path / "other"))
    two = load(CONFIG, size=64, workers=2)
    assert np.array_equal(one.pixels, two.pixels) and np.array_equal(one.landmarks, two.landmarks)
    assert np.array_equal(one.labels, two.labels) and one.fingerprint == two.fingerprint


def test_the_pictures_in_the_table_are_those_of_part_and_index():
    cfg = replace(CONFIG, label_noise=0.0)
    faces, look = load(cfg, size=64, workers=1), store.Look(0, 24, 1.3, 0.25, 0.08, 0.1, 0.5, 1.0)
    for row in (95, 3, 40):
        part, index = str(faces.ids[row]).split("/")
        face = draw(look, part, int(index), CLASSES[faces.labels[row]])
        assert np.array_equal(face.pixels, faces.pixels[row])
        assert np.array_equal(face.landmarks, faces.landmarks[row])


def test_the_models_input_size_counts_where_none_is_given():
    assert load(replace(CONFIG, size=None), size=32, workers=1).pixels.shape[1:] == (32, 32, 3)


def test_another_seed_draws_other_faces():
    one, other = (load(replace(CONFIG, seed=seed), size=64, workers=1) for seed in (0, 1))
    assert not set(one.digests.tolist()) & set(other.digests.tolist())
    assert one.fingerprint != other.fingerprint


def test_noise_is_in_the_labels_of_the_training_part_alone():
    clean, noisy = (load(replace(CONFIG, label_noise=noise), size=64, workers=1) for noise in (0.0, 0.5))
    assert np.array_equal(clean.pixels, noisy.pixels)
    changed = clean.labels != noisy.labels
    assert 20 <= changed[:80].sum() <= 60
    assert not changed[80:].any()
    assert clean.fingerprint != noisy.fingerprint


def test_the_second_time_the_same_comes_from_the_cache_as_a_memory_map(forbid_drawing):
    first = load(CONFIG, size=64, workers=1)
    forbid_drawing()
    again = load(CONFIG, size=64, workers=1)
    assert isinstance(again.pixels, np.memmap) and not again.pixels.flags.writeable
    for name in ("pixels", "labels", "landmarks", "digests", "ids", "parts", "sizes"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), name
    assert first.fingerprint == again.fingerprint


def test_keys_that_move_no_pixel_share_a_cache(forbid_drawing):
    load(CONFIG, size=64, workers=1)
    forbid_drawing()
    assert len(load(replace(CONFIG, limit=16), size=32, workers=2)) == 96  # the limit is the caller's


def _truncate(path):
    path.write_bytes(path.read_bytes()[:1000])


def _change_a_picture(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("pixels.npy", _truncate),
        ("pixels.npy", _change_a_picture),
        ("pixels.npy", lambda path: path.unlink()),
        ("pixels.npy", lambda path: np.save(path, np.zeros((3, 24, 24, 3), np.uint8))),
        ("table.npz", _truncate),
        ("table.npz", lambda path: np.savez(path, labels=np.zeros(96, np.int64))),
    ],
    ids=["pixels cut off", "a picture changed", "pixels gone", "pixels of others", "table cut off", "table of others"],
)
def test_a_damaged_cache_is_built_again(name, damage):
    first = load(CONFIG, size=64, workers=1)
    expected = first.pixels.copy()
    del first
    damage(entry() / name)
    assert np.array_equal(load(CONFIG, size=64, workers=1).pixels, expected)


def test_a_build_that_fails_leaves_nothing_behind(monkeypatch):
    def full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.np, "savez", full_disk)
    with pytest.raises(DataError, match=r"No space left.*FER_EXP_CACHE"):
        load(CONFIG, size=64, workers=1)
    assert not [path for path in (cache_dir() / "synthetic").iterdir() if path.is_dir()]


def test_two_processes_that_start_together_both_get_the_faces():
    code = (
        "from fer_exp.config.dataset import SyntheticConfig\n"
        "from fer_exp.datasets.synthetic import load\n"
        "cfg = SyntheticConfig(name='synthetic', n_train=80, n_test=16, size=24)\n"
        "print(load(cfg, size=64, workers=1).fingerprint)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    prints = [process.communicate(timeout=60)[0] for process in both]
    assert prints[0] == prints[1] != ""
    assert load(CONFIG, size=64, workers=1).fingerprint == prints[0].strip()
    entry()  # one, and nothing temporary beside it


@pytest.mark.parametrize(
    ("key", "value"),
    [("root", "/faces"), ("landmarks", "file.npz"), ("classes", ["happy", "sad"]), ("seed", -1)],
)
def test_keys_that_cannot_be_meant_are_named(key, value):
    with pytest.raises(ConfigError, match=f"dataset.{key}="):
        load(replace(CONFIG, **{key: value}), size=64, workers=1)
