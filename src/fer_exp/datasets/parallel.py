"""One small piece of work for each of many files, in threads, with a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

CHUNK = 256  # files per task: one task per file would cost more than reading it


def for_each(n: int, work: Callable[[int], None], workers: int, name: str, unit: str) -> None:
    """Call `work(row)` for rows 0 to n - 1, in no order; what it raises ends the whole."""

    def chunk(start: int) -> int:
        rows = range(start, min(start + CHUNK, n))
        for row in rows:
            work(row)
        return len(rows)

    bar = tqdm(total=n, desc=name, unit=unit, disable=None)
    with bar, ThreadPoolExecutor(max(1, workers)) as pool:
        for done in pool.map(chunk, range(0, n, CHUNK)):
            bar.update(done)
