"""Files of data that may be no files at all: a pipe or a device could be read for ever."""

from __future__ import annotations

import errno
import os
import stat

MOST = 2**28  # bytes; the largest picture that Pillow opens takes less


def read_bytes(path: str | os.PathLike[str], most: int = MOST) -> bytes:
    """Return the content of a file, without what `open` prepares for other uses, which takes longer than the reading.

    Raises:
        OSError: it cannot be read, is no regular file (a pipe, a device, a folder), or has more than `most` bytes.
    """
    # without O_NONBLOCK, a pipe would be waited for that nobody writes to
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is a pipe, a device or a folder, not a file", path)
        if status.st_size > most:
            size = f"{status.st_size / 2**20:.0f} MiB, more than the {most / 2**20:.0f} that are allowed"
            raise OSError(errno.EFBIG, f"it has {size}", path)
        data = part = os.read(file, status.st_size)
        while part and len(data) < status.st_size:  # a read may be cut short, by network storage for one
            part = os.read(file, status.st_size - len(data))
            data += part
        return data
    finally:
        os.close(file)
