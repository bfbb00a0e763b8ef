"""Files that are there whole or not at all: written under a temporary name and moved into place."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

PART = ".part-"  # begins the temporary name, hidden from whoever lists the folder


def write(path: str | Path, data: bytes) -> None:
    """Write a file, in place of one that is there."""
    part = _part(path)
    try:
        with open(part, "wb") as file:
            file.write(data)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def bring(file: Path, target: Path, link: bool) -> None:
    """A copy of a file, in place of one that is there; or a hard link to it, where the disk has such."""
    part = _part(target)
    try:
        if not (link and _linked(file, part)):
            shutil.copyfile(file, part)
        os.replace(part, target)
    finally:
        # also where both are links to one file: moving one onto the other does nothing
        Path(part).unlink(missing_ok=True)


def _linked(file: Path, part: str) -> bool:
    try:
        os.link(os.path.realpath(file), part)
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            return False
        raise
    return True


def _part(path: str | Path) -> str:
    return os.path.join(os.path.dirname(path), f"{PART}{os.getpid()}")  # a process writes one file at a time
