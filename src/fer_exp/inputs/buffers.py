"""Memory of batches, used again: taking it from the system anew costs more than filling it with pictures."""

from __future__ import annotations

import ctypes
import weakref
from collections import deque

import numpy as np

ALIGNMENT = 64  # bytes; TensorFlow takes an array that begins so as it is, and copies any other
KEPT = 8  # batches' worth of memory that waits for use: about as many are under way


class Buffers:
    """Float32 arrays whose memory comes back once neither they nor any view or tensor of them is left."""

    def __init__(self) -> None:
        self.free: deque[bytearray] = deque(maxlen=KEPT)

    def empty(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array of this shape, (...) float32, its content undefined."""
        size = 4 * int(np.prod(shape))
        memory = self._take(size + ALIGNMENT)
        # all arrays on this memory hold `owner`, which is new each time: when it goes, the last of them has gone
        owner = (ctypes.c_char * len(memory)).from_buffer(memory)
        weakref.finalize(owner, self.free.append, memory).atexit = False
        array: np.ndarray = np.frombuffer(owner, np.uint8)  # type: ignore[call-overload]  # a ctypes array is a buffer
        start = -array.ctypes.data % ALIGNMENT
        return array[start : start + size].view(np.float32).reshape(shape)

    def _take(self, size: int) -> bytearray:
        while True:
            try:
                memory = self.free.pop()
            except IndexError:
                return bytearray(size)
            if len(memory) >= size:  # that of a smaller last batch is given up
                return memory
