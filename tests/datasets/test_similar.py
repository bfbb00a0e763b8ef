import numpy as np
import pytest
from photographs import photograph, shifted

from fer_exp.datasets import similar
from fer_exp.datasets.perceptual import hash_pixels

FIRST = [photograph(seed) for seed in range(8)]
SECOND = [photograph(3), np.ascontiguousarray(photograph(5)[:, ::-1]), photograph(20)]


def none_ignored(first, second):
    return np.zeros(len(first), bool)


def search(first, second, ignored=none_ignored):
    sets = (first, second)
    hashes = [np.stack([hash_pixels(picture) for picture in pictures]) for pictures in sets]
    return similar.find_similar(*hashes, lambda k, position: sets[k][position], ignored, 2)


def test_pairs_are_named_by_position_with_what_was_done_to_them():
    found = search(FIRST, SECOND)
    assert list(zip(found.first, found.second, found.mirrored, strict=True)) == [(3, 0, False), (5, 1, True)]
    assert found.correlation == pytest.approx([1, 1], abs=1e-4)


def test_ignored_pairs_are_not_looked_at():
    found = search(FIRST, SECOND, lambda first, second: second == 0)
    assert found.second.tolist() == [1]


def test_a_symmetric_picture_is_a_pair_once():
    half = photograph(1)[:, :24]
    symmetric = np.concatenate([half, half[:, ::-1]], axis=1)
    found = search([symmetric], [symmetric])
    assert len(found.first) == 1


def test_sets_without_pictures_have_no_pairs():
    empty = np.zeros((0, 64), np.int8)
    hashes = np.stack([hash_pixels(picture) for picture in FIRST])
    for sets in ((empty, hashes), (hashes, empty)):
        found = similar.find_similar(*sets, lambda k, position: FIRST[position], none_ignored, 1)
        assert len(found.first) == len(found.correlation) == 0


def test_pictures_are_compared_in_the_smaller_size_and_a_little_shifted():
    grey = photograph(3)[..., 0].astype(np.float32)
    assert similar.shifted_correlation(grey, grey[::2, ::2]) > 0.95
    assert similar.shifted_correlation(grey, shifted(grey, 2, -2)) > 0.99
    assert similar.shifted_correlation(grey, photograph(4)[..., 0].astype(np.float32)) < 0.5
