"""Files that are there whole or not at all: written under a temporary name and moved into place."""

from __future__ import annotations

import errno
import os
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


def link(file: Path, target: Path) -> bool:
    """A hard link to a file, in place of what is there; False where the disk has no such links."""
    part = _part(target)
    try:
        os.link(os.path.realpath(file), part)
        os.replace(part, target)
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            return False
        raise
    finally:
        # also where both are links to one file: moving one onto the other does nothing
        Path(part).unlink(missing_ok=True)
    return True


def _part(path: str | Path) -> str:
    return os.path.join(os.path.dirname(path), f"{PART}{os.getpid()}")  # a process writes one file a folder at a time
