"""Limits on what files from elsewhere may unpack to."""

from __future__ import annotations

import zipfile
from pathlib import Path

GIB = 2**30
MOST = 8 * GIB  # bytes; landmarks of 300 000 faces take 0.3, a ResNet50 0.1


def check_archive(path: Path, most: int = MOST) -> None:
    """Raise ValueError where a zip file (.npz, .keras) would unpack to more than `most` bytes.

    A few kilobytes can unpack to more than any memory holds.

    Raises:
        OSError, zipfile.BadZipFile: it cannot be read, or is not a zip file.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    check_size(size, most)


def check_size(size: int, most: int = MOST) -> None:
    """Raise ValueError where something takes more than `most` bytes."""
    if size > most:
        raise ValueError(f"its content takes {size / GIB:.1f} GiB, more than the {most / GIB:.3g} GiB that are allowed")
