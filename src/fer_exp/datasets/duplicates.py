"""Exact duplicates within and across parts: pictures equal byte by byte."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

EXAMPLES = 3


@dataclass(frozen=True)
class Leak:
    """Duplicates between two parts, or within one where both names are equal.

    Attributes:
        source: the part whose pictures occur again.
        target: the part that they occur in.
        count: pictures of `target` that also occur in `source`; within one part, copies beyond the first.
        examples: the first few as pairs (in source, in target) of ids, or of rows where no ids were given.
    """

    source: str
    target: str
    count: int
    examples: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        examples = ", ".join(f"{a} = {b}" for a, b in self.examples)
        if self.source == self.target:
            return f"{self.count} {self.source} pictures are copies of others there: {examples}"
        return f"{self.count} {self.target} pictures also occur in {self.source}: {examples}"


@dataclass(frozen=True)
class Duplicates:
    """One Leak for each part and each pair of parts, also where nothing was found."""

    leaks: tuple[Leak, ...]

    def counts(self) -> dict[str, int]:
        """Pictures by part ("test") or pair of parts ("test_in_training")."""
        return {
            leak.target if leak.source == leak.target else f"{leak.target}_in_{leak.source}": leak.count
            for leak in self.leaks
        }

    def lines(self) -> list[str]:
        """A sentence for each leak that is one; none for clean data."""
        return [str(leak) for leak in self.leaks if leak.count]


def leaks(digests: np.ndarray, parts: dict[str, np.ndarray], ids: np.ndarray | None = None) -> Duplicates:
    """Count equal digests within each part and across each pair of parts.

    Args:
        digests: (n,) bytes, equal where pictures are equal (Faces.digests).
        parts: name -> rows, (m,) int; in a pair, the earlier named part is the source.
        ids: (n,) str, to name the examples by.
    """
    name = (lambda row: str(ids[row])) if ids is not None else str
    found = [_within(part, rows, digests, name) for part, rows in parts.items()]
    found += [
        _across(source, target, parts[source], parts[target], digests, name)
        for source, target in combinations(parts, 2)
    ]
    return Duplicates(tuple(found))


def _within(part: str, rows: np.ndarray, digests: np.ndarray, name) -> Leak:
    _, first, inverse = np.unique(digests[rows], return_index=True, return_inverse=True)
    copies = np.flatnonzero(first[inverse] != np.arange(len(rows)))
    examples = tuple((name(rows[first[inverse[i]]]), name(rows[i])) for i in copies[:EXAMPLES])
    return Leak(part, part, len(copies), examples)


def _across(source: str, target: str, a: np.ndarray, b: np.ndarray, digests: np.ndarray, name) -> Leak:
    shared = np.flatnonzero(np.isin(digests[b], digests[a]))
    examples = tuple((name(a[np.argmax(digests[a] == digests[b[i]])]), name(b[i])) for i in shared[:EXAMPLES])
    return Leak(source, target, len(shared), examples)
