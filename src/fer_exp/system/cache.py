"""Where built things are kept between runs, and how to keep one safely."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import platformdirs
from filelock import FileLock

from fer_exp.errors import DataError
from fer_exp.system import atomic

T = TypeVar("T")
SUMS = "crc32.txt"  # in each entry: the checksums of its other files
BLOCK = 2**20  # bytes in memory at once
LARGE = 2**30  # bytes from which a file is not read whole to be verified
DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


def cache_dir() -> Path:
    """Return the cache folder, made if missing: the environment's FER_EXP_CACHE, else the user's cache folder.

    Raises:
        DataError: it cannot be made.
    """
    folder = os.environ.get("FER_EXP_CACHE") or platformdirs.user_cache_dir("fer-exp")
    path = Path(folder).expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"cannot make the cache folder {path}: {error.strerror}. Set FER_EXP_CACHE to a folder that can be made"
        ) from error
    return path


def entry_dir(kind: str, key: dict[str, Any]) -> Path:
    """Return the folder of one cached thing, not made yet: `cache_dir()/kind/<digest of key>`; key is plain JSON."""
    digest = sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]
    return cache_dir() / kind / digest


def cached(entry: Path, read: Callable[[Path], T], build: Callable[[], T], write: Callable[[Path, T], None]) -> T:
    """Return `read(entry)`; where there is nothing to read, let `write(folder, build())` fill it first.

    `write` fills a temporary folder that is then moved into place, all under a lock: two processes at once build
    once, and one that is killed leaves nothing that looks complete. An entry of which a byte has changed (`_sums`), or
    that `read` refuses by raising one of DAMAGED, is damaged or stale: it is built again and replaced.

    Raises:
        DataError: the cache folder cannot be written to, a full disk among others.
        Exception: whatever `build` raises; nothing is written then.
    """
    content = peek(entry, read)
    if content is not None:
        return content
    lock = FileLock(f"{entry}.lock")
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise _unwritable(entry, error) from error
    try:
        content = peek(entry, read)
        if content is not None:
            return content
        built = build()
        try:
            _replace(entry, write, built)
        except OSError as error:
            raise _unwritable(entry, error) from error
        del built  # or it would be in memory twice
        return read(entry)
    finally:
        lock.release()


@contextmanager
def scratch() -> Iterator[BinaryIO]:
    """Yield a nameless file in the cache folder, gone with its last user, to be mapped rather than held in memory.

    Raises:
        DataError: the cache folder cannot be written to, or the block within raises OSError.
    """
    folder = cache_dir()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            yield file
    except OSError as error:
        raise _unwritable(folder, error) from error


def _replace(entry: Path, write: Callable[[Path, T], None], built: T) -> None:
    with atomic.temporary(entry.parent) as folder:
        folder.mkdir()
        write(folder, built)
        (folder / SUMS).write_text(_sums(folder))
        shutil.rmtree(entry, ignore_errors=True)
        os.replace(folder, entry)


def peek(entry: Path, read: Callable[[Path], T]) -> T | None:
    """Return `read(entry)`, or None where the entry is not there, damaged or stale."""
    try:
        if not entry.is_dir() or (entry / SUMS).read_text() != _sums(entry):
            return None
        return read(entry)
    except DAMAGED:
        return None


def _sums(folder: Path) -> str:
    """Return a line for each file: its CRC-32, the fastest checksum here at 2 GB/s, its size and its name.

    Of a file larger than `LARGE` only both ends count: reading it all at each start would be felt.
    """
    lines = []
    for path in sorted(folder.iterdir()):
        if path.name != SUMS:
            size = path.stat().st_size
            with path.open("rb", buffering=0) as file:
                value = _crc(file, size if size <= LARGE else BLOCK)
                if size > LARGE:
                    file.seek(-BLOCK, os.SEEK_END)
                    value = _crc(file, BLOCK, value)
            lines.append(f"{value:08x} {size} {path.name}\n")
    return "".join(lines)


def _crc(file: RawIOBase, size: int, value: int = 0) -> int:
    """Return the CRC-32 of the next `size` bytes, going on from that of the bytes before them."""
    block = memoryview(bytearray(min(BLOCK, max(1, size))))
    while size > 0 and (count := file.readinto(block[: min(size, BLOCK)])):
        value, size = zlib.crc32(block[:count], value), size - count
    return value


def _unwritable(entry: Path, error: OSError) -> DataError:
    return DataError(
        f"cannot write the cache {entry}: {error.strerror or error}. Free some space there, "
        "or set FER_EXP_CACHE to another folder"
    )
