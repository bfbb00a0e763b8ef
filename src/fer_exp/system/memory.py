"""How much memory may still be taken, of the machine's and of what a container is allowed."""

from __future__ import annotations

from pathlib import Path

import psutil

# (limit, use) of control groups, version 2 and 1: a container sees the files of its own group there
GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available_memory() -> int:
    """Return the bytes that can be taken without swapping, on this machine and within a container's limit."""
    available = int(psutil.virtual_memory().available)
    for limit, use in GROUPS:
        try:
            # "max", where there is no limit, is not a number
            available = min(available, int(Path(limit).read_text()) - int(Path(use).read_text()))
        except (OSError, ValueError):
            continue
    return max(available, 0)
