"""A smaller dataset for a quick look."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from fer_exp.datasets.faces import Faces


def limited(faces: Faces, limit: int | None) -> Faces:
    """At most `limit` faces of each part, each class in its share but at least once; in file order.

    Which ones is a function of their ids alone: the same on every machine, whatever else the dataset holds.
    """
    if limit is None:
        return faces
    kept = [_chosen(faces, faces.rows(part), limit) for part in ("train", "test")]
    return faces.take(np.sort(np.concatenate(kept)))


def _chosen(faces: Faces, rows: np.ndarray, limit: int) -> np.ndarray:
    if len(rows) <= limit:
        return rows
    counts = faces.counts(rows)
    wanted = np.where(counts > 0, np.maximum(np.floor(counts * limit / len(rows)), 1), 0).astype(int)
    # what rounding left over goes to the largest remainders
    for label in np.argsort(wanted - counts * limit / len(rows), kind="stable")[: max(limit - wanted.sum(), 0)]:
        wanted[label] += 1
    lot = np.array([blake2b(str(i).encode(), digest_size=8).hexdigest() for i in faces.ids[rows]])
    kept = []
    for label, n in enumerate(wanted):
        members = np.flatnonzero(faces.labels[rows] == label)
        kept.append(rows[members[np.argsort(lot[members], kind="stable")[:n]]])
    return np.concatenate(kept)
