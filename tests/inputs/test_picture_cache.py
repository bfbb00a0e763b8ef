import numpy as np
import pytest

from fer_exp.inputs import picture_cache
from fer_exp.inputs.picture_cache import PictureCache

SHAPE, UINT8 = (4, 4, 1), np.dtype(np.uint8)


def filled(cache, n=20):
    table = cache.table("form", n, SHAPE, UINT8)
    table.write(np.arange(n), np.arange(n, dtype=np.uint8)[:, None, None, None] * np.ones(SHAPE, np.uint8))
    return table


def read(table, rows):
    out = np.full((len(rows), *SHAPE), -1, np.float32)
    return table.read(rows, np.arange(len(rows)), out), out


def test_what_was_kept_comes_back_as_it_was():
    missing, out = read(filled(PictureCache(1000)), np.array([7, 3, 3]))
    assert missing.tolist() == []
    assert out[:, 0, 0, 0].tolist() == [7, 3, 3]


def test_the_budget_is_kept_and_the_first_pictures_stay(monkeypatch):
    monkeypatch.setattr(picture_cache, "BLOCK", 3 * 16)
    cache = PictureCache(100)
    table = filled(cache)
    missing, out = read(table, np.arange(20))
    assert missing.tolist() == list(range(6, 20))  # two blocks of three pictures of 16 bytes
    assert out[:6, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert cache.spent == sum(block.nbytes for block in table.blocks) <= 100


def test_two_forms_share_one_budget(monkeypatch):
    monkeypatch.setattr(picture_cache, "BLOCK", 16)
    cache = PictureCache(64)
    first = filled(cache, 3)
    second = cache.table("other", 20, SHAPE, UINT8)
    second.write(np.arange(20), np.zeros((20, *SHAPE), np.uint8))
    assert len(first.blocks) == 3 and len(second.blocks) == 1


def test_nothing_is_kept_once_the_machine_runs_short_of_memory(monkeypatch):
    monkeypatch.setattr(picture_cache, "available_memory", lambda: 8000)
    monkeypatch.setattr(picture_cache, "BLOCK", 16)
    cache = PictureCache(8000)
    filled(cache, 2)
    monkeypatch.setattr(picture_cache, "available_memory", lambda: 1000)  # an eighth of what there was
    before = cache.spent
    assert read(filled(cache, 2), np.arange(2))[0].tolist() == []
    cache.table("other", 5, SHAPE, UINT8).write(np.arange(5), np.zeros((5, *SHAPE), np.uint8))
    assert cache.spent == before


@pytest.mark.parametrize("asked, budget", [(None, 250), (0, 0), (2e-9, 2)])
def test_without_a_word_it_is_a_quarter_of_what_is_free(monkeypatch, asked, budget):
    monkeypatch.setattr(picture_cache, "available_memory", lambda: 1000)
    assert PictureCache.of_gigabytes(asked).budget == budget
