"""What is drawn for a face: a function of (seed, purpose, id), whatever other faces there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np

Draw = Callable[[str, int], np.ndarray]  # (purpose, k) -> `uniform` of a table's faces

MOST = 8  # values in one digest


def uniform(ids: Sequence[str], seed: int, purpose: str, k: int) -> np.ndarray:
    """`k` (at most 8) uniform values for each id, (n, k) float64, above 0 and below 1."""
    if not 0 < k <= MOST:
        raise ValueError(f"{k} values: 1 to {MOST}")
    key = f"{seed}/{purpose}".encode()[:64]
    digests = b"".join(blake2b(str(i).encode(errors="surrogateescape"), key=key).digest() for i in ids)
    whole = np.frombuffer(digests, "<u8").reshape(-1, MOST)[:, :k]
    return ((whole >> 11).astype(np.float64) + 0.5) / 2**53
