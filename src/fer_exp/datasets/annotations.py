"""AffectNet's annotation files: a million tiny .npy, of few kinds."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from fer_exp.system.regular import read_bytes

MAGIC = npy.magic(1, 0)


def read_expression(path: str) -> int:
    """Return the expression code in ID_exp.npy: one str, bytes, int or float, of shape () or (1,).

    Raises:
        OSError, ValueError: it cannot be read, or holds something else.
    """
    array = _parse_repeated(read_bytes(path))
    if array.size != 1 or array.dtype.kind not in "USiuf":
        raise ValueError(f"{Path(path).name} holds {array.dtype} of shape {array.shape}, expected one code")
    try:
        value = float(array.reshape(-1)[0])
    except SystemError as error:  # not Unicode
        raise ValueError(f"{Path(path).name} does not hold valid text") from error
    if not value.is_integer():
        raise ValueError(f"{Path(path).name} holds {value}, which is not an expression code")
    return int(value)


def read_landmarks(path: str) -> np.ndarray:
    """Return the landmarks in ID_lnd.npy, (136,) x0, y0, x1, ... or (68, 2), as (68, 2) float32 in pixels.

    All are NaN where there is no such file, or where a number in it is not finite.

    Raises:
        OSError, ValueError: it cannot be read, or holds something else.
    """
    try:
        array = read_npy(path)
    except FileNotFoundError:
        return np.full((68, 2), np.nan, np.float32)
    if array.shape not in ((136,), (68, 2), (1, 136)) or array.dtype.kind not in "USiuf":
        raise ValueError(f"{Path(path).name} holds {array.dtype} of shape {array.shape}, expected (136,) or (68, 2)")
    try:
        with np.errstate(over="ignore"):
            points = array.reshape(68, 2).astype(np.float32)
    except SystemError as error:  # not Unicode
        raise ValueError(f"{Path(path).name} does not hold valid text") from error
    return points if np.isfinite(points).all() else np.full_like(points, np.nan)


def read_npy(path: str) -> np.ndarray:
    """Read as np.load(path, allow_pickle=False) does, ten times faster for files whose headers repeat.

    Raises:
        OSError, ValueError: as np.load does.
    """
    return _parse(read_bytes(path))


def _parse(data: bytes) -> np.ndarray:
    try:
        end = 10 + int.from_bytes(data[8:10], "little")
        if data[:8] != MAGIC or len(data) < end:
            return _load_plainly(data)
        shape, fortran, dtype = _header(data[:end])
        if dtype.hasobject or dtype.itemsize == 0:
            return _load_plainly(data)
        array = np.frombuffer(data, dtype, offset=end)
        return array.reshape(shape, order="F" if fortran else "C")
    except ValueError:
        raise
    except Exception as error:  # NumPy raises errors of all kinds on damaged headers: TokenError, SyntaxError, ...
        raise ValueError(f"damaged header ({error})") from error


@lru_cache(maxsize=1024)
def _parse_repeated(data: bytes) -> np.ndarray:
    """Parse files of which many have the same bytes: there are eleven expression codes."""
    return _parse(data)


def _load_plainly(data: bytes) -> np.ndarray:
    try:
        array: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
        return array
    except EOFError as error:
        raise ValueError("the file is empty") from error


@lru_cache(maxsize=1024)
def _header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    file = io.BytesIO(data)
    npy.read_magic(file)
    return npy.read_array_header_1_0(file)
