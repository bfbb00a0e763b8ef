"""Files that are there complete or not at all: written under a temporary name and moved into place."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part-"  # begins a temporary name, hidden from whoever lists the folder


@contextmanager
def temporary(folder: str | Path, suffix: str = "") -> Iterator[Path]:
    """Yield a temporary path for a file or folder that the block makes, and moves into place at its end.

    What stands there when an exception leaves the block is removed.
    """
    part = Path(folder, f"{PART}{uuid.uuid4().hex[:12]}{suffix}")
    try:
        yield part
    except BaseException:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)
        raise


@contextmanager
def replacing(path: str | Path, suffix: str = "") -> Iterator[Path]:
    """Yield a temporary path, and move what the block writes there to `path` at its end.

    The temporary name has no ending but `suffix`: readers that go by endings must not take the file for a picture.
    """
    with temporary(os.path.dirname(path), suffix) as part:
        yield part
        os.replace(part, path)


def write(path: str | Path, data: bytes) -> None:
    """Write a file, in place of one that is there."""
    with replacing(path) as part:
        part.write_bytes(data)


def link(file: Path, target: Path) -> bool:
    """Make a hard link to a file, in place of what is there; return False where the disk has no such links."""
    try:
        with temporary(target.parent) as part:
            os.link(os.path.realpath(file), part)
            os.replace(part, target)
            part.unlink(missing_ok=True)  # moving a link onto another link to the same file does nothing
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            return False
        raise
    return True
