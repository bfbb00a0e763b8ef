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
        examples: the first few as pairs (in source, in target) of ids, or of rows where there are no ids.
    """

    source: str
    target: str
    count: int
    examples: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        examples = ", ".join(f"{a} = {b}" for a, b in self.examples)
        single = self.count == 1
        if self.source == self.target:
            what = "picture is a copy of another" if single else "pictures are copies of others"
            return f"{self.count} {self.source} {what} there: {examples}"
        what = "picture also occurs" if single else "pictures also occur"
        return f"{self.count} {self.target} {what} in {self.source}: {examples}"


@dataclass(frozen=True)
class Duplicates:
    """One Leak for each part and each pair of parts, even where there are no duplicates."""

    leaks: tuple[Leak, ...]

    def counts(self) -> dict[str, int]:
        """Return the number of pictures by part ("test") or pair of parts ("test_in_training")."""
        return {
            leak.target if leak.source == leak.target else f"{leak.target}_in_{leak.source}": leak.count
            for leak in self.leaks
        }

    def lines(self) -> list[str]:
        """Return a sentence for each Leak that is not empty; none for clean data."""
        return [str(leak) for leak in self.leaks if leak.count]


def find_duplicates(digests: np.ndarray, parts: dict[str, np.ndarray], ids: np.ndarray | None = None) -> Duplicates:
    """Count equal digests within each part and across each pair of parts.

    Args:
        digests: (n,) bytes, equal where pictures are equal (Faces.digests).
        parts: name -> rows, (m,) int; in a pair, the earlier named part is the source.
        ids: (n,) str, to name the examples by.
    """
    names = np.arange(len(digests)) if ids is None else ids
    leaks = [_within(part, rows, digests, names) for part, rows in parts.items()]
    leaks += [
        _across(source, target, parts[source], parts[target], digests, names)
        for source, target in combinations(parts, 2)
    ]
    return Duplicates(tuple(leaks))


def _within(part: str, rows: np.ndarray, digests: np.ndarray, names: np.ndarray) -> Leak:
    _, first, inverse = np.unique(digests[rows], return_index=True, return_inverse=True)
    copies = np.flatnonzero(first[inverse] != np.arange(len(rows)))
    examples = tuple((str(names[rows[first[inverse[i]]]]), str(names[rows[i]])) for i in copies[:EXAMPLES])
    return Leak(part, part, len(copies), examples)


def _across(source: str, target: str, a: np.ndarray, b: np.ndarray, digests: np.ndarray, names: np.ndarray) -> Leak:
    shared = np.flatnonzero(np.isin(digests[b], digests[a]))
    pairs = ((a[np.argmax(digests[a] == digests[b[i]])], b[i]) for i in shared[:EXAMPLES])
    examples = tuple((str(names[first]), str(names[second])) for first, second in pairs)
    return Leak(source, target, len(shared), examples)
