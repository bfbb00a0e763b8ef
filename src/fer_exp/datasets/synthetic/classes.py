"""The classes, how frequent they are and which labels annotators confuse."""

from __future__ import annotations

import numpy as np

CLASSES = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
"""Position = label; the order of AffectNet's expression codes 0 to 7."""

AFFECTNET_COUNTS = np.array([74874, 134415, 25459, 14090, 6378, 3803, 24882, 3750])
"""Training images per class of AffectNet's 8-class release (Mollahosseini et al., 2017, arXiv:1708.03985)."""

CONFUSION = np.array(
    [
        # neut hapi sadn surp fear disg ange cont
        [0.00, 0.15, 0.30, 0.10, 0.02, 0.05, 0.18, 0.20],
        [0.45, 0.00, 0.05, 0.10, 0.02, 0.05, 0.03, 0.30],
        [0.50, 0.03, 0.00, 0.03, 0.14, 0.12, 0.15, 0.03],
        [0.25, 0.20, 0.05, 0.00, 0.40, 0.03, 0.05, 0.02],
        [0.08, 0.04, 0.20, 0.50, 0.00, 0.08, 0.09, 0.01],
        [0.12, 0.05, 0.18, 0.03, 0.07, 0.00, 0.45, 0.10],
        [0.38, 0.02, 0.15, 0.04, 0.08, 0.25, 0.00, 0.08],
        [0.45, 0.28, 0.05, 0.02, 0.01, 0.09, 0.10, 0.00],
    ]
)
CONFUSION /= CONFUSION.sum(axis=1, keepdims=True)
"""(8, 8), row = true class, column = what it is taken for; rows sum to 1. Our choice, after the familiar pairs (fear
and surprise, disgust and anger, contempt and neutral) and not after a published table."""

LEAST_PER_CLASS = 8


def balanced(n: int) -> np.ndarray:
    """Return (n,) int64 classes in turn, as many of each as of any other as far as n allows."""
    return np.arange(n) % len(CLASSES)


def imbalanced(rng: np.random.Generator, n: int, imbalance: float) -> np.ndarray:
    """Draw (n,) int64 classes in random order, with frequencies AFFECTNET_COUNTS ** imbalance, at least 8 of each."""
    share = AFFECTNET_COUNTS / AFFECTNET_COUNTS.sum()
    share = share**imbalance / (share**imbalance).sum()
    counts = np.maximum(np.round(share * n).astype(int), LEAST_PER_CLASS)
    counts[counts.argmax()] += n - counts.sum()
    return rng.permutation(np.repeat(np.arange(len(CLASSES)), counts))


def mislabel(rng: np.random.Generator, classes: np.ndarray, share: float) -> np.ndarray:
    """Draw (n,) int64 labels: each class is replaced with probability `share` by one that it is confused with."""
    labels = classes.copy()
    for row in np.flatnonzero(rng.random(len(classes)) < share):
        labels[row] = rng.choice(len(CLASSES), p=CONFUSION[classes[row]])
    return labels
