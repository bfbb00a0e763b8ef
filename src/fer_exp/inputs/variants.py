"""Variants: which faces are covered, in training and in the test sets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

TEST_SETS = ("normal", "occluded", "mixed")  # that every run has; others are named by what their faces wear


class Samples(NamedTuple):
    """Pictures to read: `rows` (m,) int64 of a Faces table, `covered` (m,) bool."""

    rows: np.ndarray
    covered: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, which: np.ndarray) -> Samples:
        """Return the samples at these positions, or in this mask."""
        return Samples(self.rows[which], self.covered[which])


def alternate(labels: np.ndarray) -> np.ndarray:
    """Mark every second face of each class, beginning with the first, (n,) bool.

    This is the rule of study A's mixed test set: within each class, in natural file order, even ranks (0, 2, ...) are
    covered and odd ranks are not.

    Args:
        labels: (n,) class of each face, in natural file order.
    """
    covered = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        covered[np.flatnonzero(labels == label)[::2]] = True
    return covered


def build_samples(variant: str, rows: np.ndarray, labels: np.ndarray) -> Samples:
    """Return the pictures of these faces that a variant consists of.

    Args:
        variant: normal, occluded, mixed (every face twice) or mixed_unique (every face once, alternating).
        rows: (n,) rows of a Faces table in natural file order.
        labels: (n,) their classes.

    Raises:
        ValueError: the variant is none of these.
    """
    if variant == "normal":
        return Samples(rows, np.zeros(len(rows), bool))
    if variant == "occluded":
        return Samples(rows, np.ones(len(rows), bool))
    if variant == "mixed":
        return Samples(np.concatenate([rows, rows]), np.repeat([False, True], len(rows)))
    if variant == "mixed_unique":
        return Samples(rows, alternate(labels))
    raise ValueError(f"{variant!r} is not a variant")


def own_test_set(variant: str) -> str:
    """Return the test set that corresponds to a training variant."""
    return "mixed" if variant == "mixed_unique" else variant


def order_test_sets(names: Iterable[str]) -> list[str]:
    """Return each test set once: those that every run has first, the others in the order given."""
    unique = list(dict.fromkeys(names))
    return [name for name in TEST_SETS if name in unique] + [name for name in unique if name not in TEST_SETS]


def on_curve(name: str, occluder: str) -> bool:
    """Return whether a test set is a point of the curve of a run's own occluder: at some size of it, or without any."""
    return name in ("normal", "occluded") or (is_size(name) and name.rsplit("-", 1)[0] == occluder)


def is_degraded(name: str) -> bool:
    """Return whether a test set has a resolution of its own (28px, quest2-28px)."""
    return re.fullmatch(r"(.+-)?\d+px", name) is not None


def is_size(name: str) -> bool:
    """Return whether a test set is an occluder at a size of its own (quest2-0.5): a point of a curve, not a column."""
    return re.fullmatch(r".+-\d+(\.\d+)?", name) is not None
