"""Memory of batches, used again: taking it from the system anew costs more than filling it with pictures."""

from __future__ import annotations

import ctypes
import weakref
from collections import deque
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

import numpy as np

KEPT = 2  # pieces of memory that wait for use: they come back one by one


class Buffers:
    """Arrays whose memory comes back once neither they nor any view or tensor of them is left.

    They begin with a page of memory: TensorFlow takes such an array as it is, and copies most others. Memory is taken
    from the system itself, since among smaller pieces an allocator finds no room for it after a while.
    """

    def __init__(self) -> None:
        self.free: deque[mmap] = deque(maxlen=KEPT)

    def empty(self, shape: tuple[int, ...], dtype: type[np.generic] = np.float32) -> np.ndarray:
        """Return an array of this shape and type, its content undefined."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        memory = self._take(size)
        # all arrays on this memory hold `owner`, which is new each time: when it goes, the last of them has gone
        owner = (ctypes.c_char * size).from_buffer(memory)
        weakref.finalize(owner, self.free.append, memory).atexit = False
        array: np.ndarray = np.frombuffer(owner, dtype)  # type: ignore[call-overload]  # it is a buffer
        return array.reshape(shape)

    def _take(self, size: int) -> mmap:
        while True:
            try:
                memory = self.free.pop()
            except IndexError:
                return mmap(-1, max(size, 1), flags=MAP_PRIVATE | MAP_ANONYMOUS)
            if len(memory) >= size:  # that of a smaller last batch is given up
                return memory
