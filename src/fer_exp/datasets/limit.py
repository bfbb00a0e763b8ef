"""A subset of each part, for trying things out (`dataset.limit`)."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


def limited_rows(ids: np.ndarray, labels: np.ndarray, parts: np.ndarray, limit: int) -> np.ndarray:
    """Return the rows, in file order, of a stratified subset with `limit` faces of each part.

    Classes keep their shares; none that has faces loses all of them, so that a limit below their number gives one
    face of each. Which faces stay depends on their ids alone.

    Args:
        ids: (n,) str of the faces.
        labels: (n,) int64.
        parts: (n,) str, "train" or "test".
        limit: faces of each part.
    """
    kept = []
    for part in ("train", "test"):
        rows = np.flatnonzero(parts == part)
        for label, count in enumerate(allot(np.bincount(labels[rows]), limit)):
            members = rows[labels[rows] == label]
            kept.append(pick(ids[members].tolist(), members, count))
    return np.sort(np.concatenate(kept))


def allot(counts: np.ndarray, limit: int) -> np.ndarray:
    """Return how many of `counts` (classes,) stay: in proportion, by largest remainder, at least one of each class."""
    total = int(counts.sum())
    if total <= limit:
        return counts.copy()
    shares = limit * counts / total
    kept = np.maximum(np.floor(shares).astype(np.int64), counts > 0)
    while kept.sum() < limit:
        kept[np.argmax(np.where(kept < counts, shares - kept, -np.inf))] += 1
    while kept.sum() > max(limit, (counts > 0).sum()):
        kept[np.argmax(np.where(kept > 1, kept - shares, -np.inf))] -= 1
    return kept


def pick(ids: list[str], rows: np.ndarray, count: int, salt: str = "") -> np.ndarray:
    """Draw `count` of the rows by hash of salt and id: the same on every machine, whatever else is there."""
    order = sorted(range(len(ids)), key=lambda i: _hash(f"{salt}/{ids[i]}"))
    picked: np.ndarray = rows[order[:count]]
    return picked


def _hash(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogateescape"), digest_size=16).digest()
