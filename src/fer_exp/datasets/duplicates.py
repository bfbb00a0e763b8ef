"""Exact duplicates: the same picture more than once, within a part or across parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np


@dataclass(frozen=True)
class Leaks:
    """Counts of pictures that occur elsewhere, byte by byte.

    Attributes:
        within: part -> pictures that repeat an earlier one of the same part.
        across: (part, later part) -> pictures of the later part that also occur in the part.
    """

    within: dict[str, int]
    across: dict[tuple[str, str], int]

    def counts(self) -> dict[str, int]:
        """Flat: `training`, `training_test`, ..."""
        return self.within | {"_".join(pair): n for pair, n in self.across.items()}

    def lines(self) -> list[str]:
        """What a reader of the results must know: overlaps between parts, in words."""
        return [f"{n} {b} pictures also occur in the {a} part, byte by byte" for (a, b), n in self.across.items() if n]


def leaks(digests: np.ndarray, parts: Mapping[str, np.ndarray]) -> Leaks:
    """Count duplicates within and across parts.

    Args:
        digests: (n,) equal where the pictures are equal.
        parts: name -> rows (m,) of it, in the order training, validation, test.
    """
    within = {name: len(rows) - len(np.unique(digests[rows])) for name, rows in parts.items()}
    across = {(a, b): int(np.isin(digests[parts[b]], digests[parts[a]]).sum()) for a, b in combinations(parts, 2)}
    return Leaks(within, across)
