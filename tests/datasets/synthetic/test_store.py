import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from fer_exp.config.dataset import OnBad, SyntheticConfig
from fer_exp.datasets.synthetic import load, store
from fer_exp.errors import DataError
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
    assert len(load(replace(CONFIG, on_bad=OnBad.skip, limit=80), size=32, workers=2)) == 96


def _truncate(path):
    path.write_bytes(path.read_bytes()[:1000])


def _change_a_picture(path):
    content = bytearray(path.read_bytes())
    content[128 + 2 * 24 * 24 * 3] ^= 1  # in the third picture
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


def test_drawn_faces_wait_for_a_slow_disk_and_do_not_pile_up(monkeypatch):
    drawn = []
    monkeypatch.setattr(store, "pool", ThreadPoolExecutor)
    monkeypatch.setattr(store, "_draw_chunk", drawn.append)
    chunks = store._draw_all(list(range(100)), workers=2)
    next(chunks)
    time.sleep(0.2)  # the disk
    assert len(drawn) <= 5
    list(chunks)
    assert sorted(drawn) == list(range(100))
