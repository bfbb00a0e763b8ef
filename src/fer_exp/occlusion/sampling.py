"""Random values of a face: a function of (seed, purpose, id), whatever other faces there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np

Draw = Callable[[str, int], np.ndarray]  # (purpose, k) -> `uniform` for the faces of a table

MAX_VALUES = 8  # in one digest


def uniform(ids: Sequence[str] | np.ndarray, seed: int, purpose: str, k: int) -> np.ndarray:
    """Return `k` (at most 8) uniform values for each id, (n, k) float64, above 0 and below 1."""
    if not 0 < k <= MAX_VALUES:
        raise ValueError(f"k={k}: from 1 to {MAX_VALUES}")
    key = f"{seed}/{purpose}".encode()[:64]
    digests = b"".join(blake2b(str(i).encode(errors="surrogateescape"), key=key).digest() for i in ids)
    integers = np.frombuffer(digests, "<u8").reshape(-1, MAX_VALUES)[:, :k]
    return ((integers >> 11).astype(np.float64) + 0.5) / 2**53
