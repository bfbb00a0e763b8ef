"""Small .npy files by the hundred thousand: the header is parsed once for all that share it."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.lib import format as npy


@lru_cache(256)
def _header(content: bytes) -> tuple[tuple[int, ...], np.dtype]:
    file = BytesIO(content)
    version = npy.read_magic(file)
    shape, _, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise ValueError("pickled objects")
    return shape, dtype


def read_npy(path: Path | str) -> np.ndarray:
    """The array of a version 1 or 2 .npy file; pickled objects are refused.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file, or too short.
    """
    with open(path, "rb") as file:
        content = file.read()
    wide = content[6:7] == b"\x02"
    start = int.from_bytes(content[8 : 12 if wide else 10], "little") + (12 if wide else 10)
    shape, dtype = _header(content[:start])
    count = int(np.prod(shape))
    if count * dtype.itemsize > len(content) - start:
        raise ValueError("truncated")
    return np.frombuffer(content, dtype, count, start).reshape(shape)
