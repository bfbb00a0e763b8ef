"""Pictures as a network gets them, kept in memory after they were first read, under a budget."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from threading import Lock

import numpy as np

from fer_exp.system.memory import available_memory

log = logging.getLogger(__name__)

SHARE = 0.25  # of the memory that is free, if nobody says how much
BLOCK = 2**22  # bytes taken at once; NumPy asks for huge pages from there on, which cost more to be cleared
ABSENT, PENDING = -1, -2  # in place of a picture's position: not kept, being written


class PictureCache:
    """Pictures of any forms and sizes within `budget` bytes.

    Those that come first are kept, and none is given up for another: in every epoch all pictures come once, so that
    anything else would keep fewer. Memory is taken in blocks as pictures come, none once the machine has less than
    the budget's reserve left.
    """

    def __init__(self, budget: int) -> None:
        self.budget, self.spent, self.reserve = budget, 0, available_memory() // 8
        self.tables: dict[Hashable, Table] = {}
        self.lock = Lock()

    @classmethod
    def of_gigabytes(cls, gigabytes: float | None) -> PictureCache:
        """Return a cache of that many GB (10^9 bytes), and say so; None takes a quarter of what is free now."""
        budget = int(SHARE * available_memory() if gigabytes is None else gigabytes * 1e9)
        why = "a quarter of what is free" if gigabytes is None else "as picture_cache says"
        log.info("decoded pictures stay in memory, up to %.1f GB (%s)", budget / 1e9, why)
        return cls(budget)

    def table(self, key: Hashable, faces: int, shape: tuple[int, ...], dtype: np.dtype) -> Table:
        """Return the pictures of one form.

        Args:
            key: what the pixels depend on beside the face.
            faces: rows of the table of faces.
            shape: of a picture.
            dtype: of its pixels: uint8 where that keeps them exactly, else float32.
        """
        with self.lock:
            if key not in self.tables:
                self.tables[key] = Table(self, faces, shape, dtype)
            return self.tables[key]

    def take(self, size: int) -> bool:
        """Return whether this many bytes may be taken; they are then counted. The lock is held by the caller."""
        if self.spent + size > self.budget or available_memory() - size < self.reserve:
            return False
        self.spent += size
        return True


class Table:
    """The pictures of one form, each at most once; several threads may read and write."""

    def __init__(self, cache: PictureCache, faces: int, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.cache, self.shape, self.dtype = cache, shape, dtype
        self.positions = np.full(faces, ABSENT, np.int64)
        self.blocks: list[np.ndarray] = []
        self.per_block = max(1, min(faces, BLOCK // max(1, int(np.prod(shape)) * dtype.itemsize)))
        self.kept, self.full = 0, False

    def read(self, rows: np.ndarray, which: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Copy the pictures that are kept into a batch; return the positions whose pictures are not, (k,) int64.

        Args:
            rows: (b,) the rows of the batch.
            which: (m,) int64 positions in the batch to look for.
            out: (b, *shape) float32, the batch.
        """
        positions = self.positions[rows[which]]
        for i, position in zip(which.tolist(), positions.tolist(), strict=True):
            if position >= 0:
                out[i] = self.blocks[position // self.per_block][position % self.per_block]
        missing: np.ndarray = which[positions < 0]
        return missing

    def write(self, rows: np.ndarray, pictures: np.ndarray) -> None:
        """Keep the pictures (b, *shape) of these rows, as far as there is room."""
        for row, picture in zip(rows.tolist(), pictures, strict=True):
            position = self._reserve(row)
            if position is not None:
                self.blocks[position // self.per_block][position % self.per_block] = picture
                self.positions[row] = position  # only now may others read it

    def _reserve(self, row: int) -> int | None:
        if self.full:
            return None
        with self.cache.lock:
            if self.positions[row] != ABSENT:
                return None
            if self.kept == len(self.blocks) * self.per_block:
                block = (self.per_block, *self.shape)
                if not self.cache.take(int(np.prod(block)) * self.dtype.itemsize):
                    self.full = True
                    return None
                self.blocks.append(np.empty(block, self.dtype))
            self.positions[row] = PENDING
            self.kept += 1
            return self.kept - 1
