"""The built-in dataset: what a run is given."""

from dataclasses import replace

import numpy as np
import pytest

from fer_exp import datasets
from fer_exp.config.dataset import SyntheticConfig
from fer_exp.datasets.limit import limited_rows
from fer_exp.datasets.synthetic import load, store
from fer_exp.datasets.synthetic.classes import CLASSES
from fer_exp.datasets.synthetic.face import draw
from fer_exp.errors import ConfigError

CONFIG = SyntheticConfig(name="synthetic", n_train=80, n_test=16, size=24)


def test_a_table_says_what_it_holds():
    faces = load(CONFIG, size=64, workers=1)
    assert len(faces) == 96 and faces.synthetic and faces.name == "synthetic" and faces.classes == CLASSES
    assert faces.pixels.shape == (96, 24, 24, 3) and faces.pixels.dtype == np.uint8
    assert faces.landmarks.shape == (96, 68, 2) and faces.landmarks.dtype == np.float32
    assert faces.ids[[0, 79, 80, 95]].tolist() == ["train/000000", "train/000079", "test/000000", "test/000015"]
    assert faces.rows("train").tolist() == list(range(80))
    assert (faces.sizes == 24).all() and faces.sizes.shape == (96, 2)
    assert len(np.unique(faces.digests)) == 96  # no picture is in both parts


def test_only_the_faces_that_a_limit_leaves_are_drawn_and_are_those_that_it_would_leave(tmp_path, monkeypatch):
    every = load(CONFIG, size=24, workers=1)
    monkeypatch.setenv("FER_EXP_CACHE", str(tmp_path / "without the whole set"))
    drawn = []
    monkeypatch.setattr(store, "draw", lambda *args: drawn.append(args[1:3]) or draw(*args))
    for limit in (24, 9, 3):
        drawn.clear()
        limited = datasets.load(replace(CONFIG, limit=limit), size=24, workers=1)
        kept = every.take(limited_rows(every.ids, every.labels, every.parts, limit))
        assert len(drawn) == len(limited) == len(kept) < 60
        for name in ("ids", "labels", "parts", "sizes", "digests", "landmarks"):
            assert np.array_equal(getattr(limited, name), getattr(kept, name)), name
        assert np.array_equal(limited.pixels[:], kept.pixels[:])
        assert limited.fingerprint != every.fingerprint


def test_faces_that_a_limit_leaves_are_copied_from_the_whole_set_where_it_is_in_the_cache(tmp_path, monkeypatch):
    limit = replace(CONFIG, limit=24)
    drawn = datasets.load(limit, size=24, workers=1)
    monkeypatch.setenv("FER_EXP_CACHE", str(tmp_path / "with the whole set"))
    load(CONFIG, size=24, workers=1)
    monkeypatch.setattr(store, "draw", lambda *args: pytest.fail("drawn again"))
    for _ in range(2):  # copied, then read
        copied = datasets.load(limit, size=24, workers=1)
        assert copied.fingerprint == drawn.fingerprint
        for name in ("ids", "labels", "parts", "sizes", "digests", "landmarks", "pixels"):
            assert np.array_equal(getattr(copied, name)[:], getattr(drawn, name)[:]), name


def test_a_limit_counts_the_classes_under_their_new_names():
    renamed = replace(CONFIG, rename={"anger": "fear", "disgust": "fear"})
    every = datasets.load(renamed, size=24, workers=1)
    limited = datasets.load(replace(renamed, limit=20), size=24, workers=1)
    rows = limited_rows(every.ids, every.labels, every.parts, 20)
    assert limited.ids.tolist() == every.ids[rows].tolist()


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


@pytest.mark.parametrize(
    ("key", "value"),
    [("root", "/faces"), ("landmarks", "file.npz"), ("classes", ["happy", "sad"]), ("seed", -1)],
)
def test_keys_that_cannot_be_meant_are_named(key, value):
    with pytest.raises(ConfigError, match=f"dataset.{key}="):
        load(replace(CONFIG, **{key: value}), size=64, workers=1)
