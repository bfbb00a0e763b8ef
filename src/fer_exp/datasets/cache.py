"""Where built things are kept between runs, and how to keep one safely."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from zipfile import BadZipFile

import platformdirs
from filelock import FileLock

from fer_exp.errors import DataError

T = TypeVar("T")


def cache_dir() -> Path:
    """The cache folder, made if missing: the environment's FER_EXP_CACHE, else the user's cache folder.

    Raises:
        DataError: it cannot be made.
    """
    path = Path(os.environ.get("FER_EXP_CACHE") or platformdirs.user_cache_dir("fer-exp")).expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"cannot make the cache folder {path}: {error.strerror}. Set FER_EXP_CACHE to another one"
        ) from error
    return path


def entry_dir(kind: str, key: dict) -> Path:
    """The folder of one cached thing, not made yet: `cache_dir()/kind/<digest of key>`; key is plain JSON data."""
    digest = sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]
    return cache_dir() / kind / digest


def cached(entry: Path, read: Callable[[Path], T], write: Callable[[Path], None]) -> T:
    """`read(entry)`, after `write(folder)` has filled it once.

    `write` fills a temporary folder that is then moved into place, under a lock: two processes at once build it
    once, and one that is killed leaves nothing that looks complete. An entry that `read` cannot read (it raises
    OSError, ValueError, KeyError, EOFError or BadZipFile) is damaged, and is built again.

    Raises:
        DataError: the cache folder cannot be written to, a full disk among others.
    """
    found = _try(read, entry)
    if found is not None:
        return found
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{entry}.lock"):
            found = _try(read, entry)
            if found is not None:
                return found
            building = entry.with_name(f"{entry.name}.{uuid.uuid4().hex[:8]}.tmp")
            building.mkdir()
            try:
                write(building)
                shutil.rmtree(entry, ignore_errors=True)
                os.replace(building, entry)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        raise DataError(
            f"cannot write the cache {entry}: {error.strerror or error}. Make room there, "
            "or set FER_EXP_CACHE to another folder"
        ) from error
    return read(entry)


def _try(read: Callable[[Path], T], entry: Path) -> T | None:
    if not entry.is_dir():
        return None
    try:
        return read(entry)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
