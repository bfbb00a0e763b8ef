"""How frequent the classes are, and which labels are wrong."""

import numpy as np
import pytest

from fer_exp.datasets.synthetic.classes import AFFECTNET_COUNTS, CLASSES, CONFUSION, balanced, imbalanced, mislabel


def test_the_test_part_has_equally_many_of_each_class():
    assert np.bincount(balanced(80)).tolist() == [10] * 8


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_the_training_part_follows_affectnets_frequencies(exponent):
    counts = np.bincount(imbalanced(np.random.default_rng(0), 100_000, exponent), minlength=8)
    share = AFFECTNET_COUNTS.astype(float) ** exponent
    assert counts.sum() == 100_000
    np.testing.assert_allclose(counts / 100_000, share / share.sum(), atol=1e-4)


@pytest.mark.parametrize("n", [80, 81, 200])
def test_rare_classes_are_never_empty(n):
    counts = np.bincount(imbalanced(np.random.default_rng(0), n, 1.0), minlength=8)
    assert counts.sum() == n and counts.min() >= 8


def test_classes_come_in_random_order():
    classes = imbalanced(np.random.default_rng(0), 400, 0.5)
    assert len(np.unique(classes[:60])) == len(CLASSES)


def test_wrong_labels_follow_the_table_of_confusions():
    fear = np.full(20_000, CLASSES.index("fear"))
    labels = mislabel(np.random.default_rng(0), fear, 0.5)
    wrong = labels[labels != fear]
    assert abs(len(wrong) / len(fear) - 0.5) < 0.02
    np.testing.assert_allclose(np.bincount(wrong, minlength=8) / len(wrong), CONFUSION[fear[0]], atol=0.02)


def test_without_noise_every_label_is_right():
    assert np.array_equal(mislabel(np.random.default_rng(0), balanced(100), 0.0), balanced(100))


def test_the_table_of_confusions_is_one_of_probabilities():
    np.testing.assert_allclose(CONFUSION.sum(axis=1), 1)
    assert (CONFUSION >= 0).all() and not CONFUSION.diagonal().any()
