"""Twins: training and test faces that are the same picture, exactly or nearly."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from fer_exp.datasets import images
from fer_exp.datasets.faces import Exclusion, Faces
from fer_exp.datasets.similar import Similar, find_similar
from fer_exp.errors import DataError
from fer_exp.system.cache import cached, entry_dir

log = logging.getLogger(__name__)

IN_TEST = "also in the test part"  # begins the reason why a training face was left out
VERSION = 1  # raise it when the same pictures would now give other pairs


@dataclass(frozen=True, eq=False)
class Twins:
    """Pairs of a training and a test face that show the same picture, in the order of the test faces.

    Attributes:
        train: (p,) int64 rows of the table of the training faces.
        test: (p,) int64 rows of the table of the test faces, mostly the same.
        correlation: (p,) float32 of the small grey pictures; 1 where they are equal.
        exact: (p,) bool, equal byte by byte.
        mirrored: (p,) bool, one shows the other mirrored.
    """

    train: np.ndarray
    test: np.ndarray
    correlation: np.ndarray
    exact: np.ndarray
    mirrored: np.ndarray

    def __len__(self) -> int:
        return len(self.train)

    @classmethod
    def none(cls) -> Twins:
        """Return no pair at all."""
        rows = np.zeros(0, np.int64)
        return cls(rows, rows, np.zeros(0, np.float32), np.zeros(0, bool), np.zeros(0, bool))

    def take(self, which: np.ndarray) -> Twins:
        """Return the pairs at these positions, or in this mask."""
        return Twins(
            self.train[which], self.test[which], self.correlation[which], self.exact[which], self.mirrored[which]
        )

    def near(self) -> Twins:
        """Return the pairs that are not equal byte by byte."""
        return self.take(~self.exact)

    def between(self, train: np.ndarray, test: np.ndarray) -> Twins:
        """Return the pairs of which both faces are among these rows."""
        return self.take(np.isin(self.train, train) & np.isin(self.test, test))

    def kinds(self) -> np.ndarray:
        """Return how each pair is the same: exact, mirrored or near, (p,) str."""
        return np.where(self.exact, "exact", np.where(self.mirrored, "mirrored", "near"))


def find_twins(faces: Faces, workers: int) -> Twins:
    """Find the pairs of a training and a test face of one table; see `find_twins_between`."""
    return find_twins_between(faces, faces.rows("train"), faces, faces.rows("test"), workers)


def find_twins_between(first: Faces, train: np.ndarray, second: Faces, test: np.ndarray, workers: int) -> Twins:
    """Find the pairs, or read them from the cache; faces without perceptual hashes have exact ones alone.

    Args:
        first: the table of the training faces.
        train: (n,) its rows.
        second: the table of the test faces, which may be the same.
        test: (m,) its rows.
        workers: threads that read pictures.

    Raises:
        DataError: a picture cannot be read any more, or the cache cannot be written to.
    """
    a, b = _equal(first.digests[train], second.digests[test])
    near = _near((first, second), (train, test), workers)
    position_a, position_b = np.concatenate([a, near.first]), np.concatenate([b, near.second])
    exact = np.arange(len(position_a)) < len(a)
    order = np.lexsort((position_a, position_b))
    return Twins(
        train[position_a],
        test[position_b],
        np.concatenate([np.ones(len(a), np.float32), near.correlation]),
        exact,
        np.concatenate([np.zeros(len(a), bool), near.mirrored]),
    ).take(order)


def leave_out_twins(faces: Faces, workers: int) -> Faces:
    """Return the table without the training faces that stand in the test part as well; they become exclusions.

    Raises:
        DataError: no training face is left; as find_twins does.
    """
    twins = find_twins(faces, workers)
    rows, first = np.unique(twins.train, return_index=True)
    if not len(rows):
        return faces
    if len(rows) == len(faces.rows("train")):
        raise DataError(
            f"dataset.duplicates=exclude leaves no training face: all {len(rows)} of {faces.name} are {IN_TEST}; "
            "give other training faces, or say dataset.duplicates=report"
        )
    kinds = twins.kinds()
    excluded = [
        Exclusion(
            str(faces.ids[row]),
            faces.classes[faces.labels[row]],
            f"{IN_TEST} ({kinds[pair]}): {faces.ids[twins.test[pair]]}",
        )
        for row, pair in zip(rows.tolist(), first.tolist(), strict=True)
    ]
    log.warning("warning: %d training faces are left out, since they are %s", len(rows), IN_TEST)
    kept = faces.take(np.setdiff1d(np.arange(len(faces)), rows))
    return replace(kept, excluded=(*faces.excluded, *excluded))


def count_left_out(faces: Faces) -> int:
    """Return how many training faces were left out because they stand in the test part."""
    return sum(exclusion.reason.startswith(IN_TEST) for exclusion in faces.excluded)


def _equal(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of all pairs of equal digests, (p,) int64 in a and in b."""
    order = np.argsort(a, kind="stable")
    low, high = (np.searchsorted(a[order], b, side) for side in ("left", "right"))
    counts = high - low
    second = np.repeat(np.arange(len(b)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.repeat(low, counts) + within], second


def _near(tables: tuple[Faces, Faces], parts: tuple[np.ndarray, np.ndarray], workers: int) -> Similar:
    (first, second), (train, test) = tables, parts
    if first.hashes is None or second.hashes is None:
        return Similar(train[:0], test[:0], np.zeros(0, np.float32), np.zeros(0, bool))
    digests = first.digests[train], second.digests[test]
    content = sha256(digests[0].tobytes() + b"\n" + digests[1].tobytes()).hexdigest()
    return cached(
        entry_dir("near_duplicates", {"version": VERSION, "pictures": content, "counts": [len(train), len(test)]}),
        read=_read,
        build=partial(
            find_similar,
            first.hashes[train],
            second.hashes[test],
            lambda part, position: images.read(tables[part], int(parts[part][position])),
            lambda a, b: digests[0][a] == digests[1][b],
            workers,
        ),
        write=_write,
    )


def _write(folder: Path, pairs: Similar) -> None:
    np.savez(folder / "pairs.npz", **pairs._asdict())


def _read(folder: Path) -> Similar:
    with np.load(folder / "pairs.npz", allow_pickle=False) as file:
        return Similar(*(file[name] for name in Similar._fields))
