"""Landmarks for faces that come without: found in the pictures, judged, and kept (`dataset.landmarks=auto`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from fer_exp import datasets
from fer_exp.config.dataset import AUTO, DatasetConfig
from fer_exp.datasets.faces import Faces
from fer_exp.landmarks import orientation as upright
from fer_exp.landmarks import quality
from fer_exp.system.assets import ASSETS
from fer_exp.system.cache import DAMAGED, cached, entry_dir
from fer_exp.system.stderr import held_stderr

if TYPE_CHECKING:
    from fer_exp.landmarks.search import Search

log = logging.getLogger(__name__)

DETECTOR = "face-api 1.7.15"
VERSION = 1  # of the search; raise it when the same picture would now give other points
BLOCK = 2048  # pictures that are kept at once; a killed run loses no more
# Where a face is looked for: squares around the picture's middle, as (side in parts of the picture's longer one, how
# far below the middle in the same parts), and None for a box detector's box. Of faces cropped as in FER2013 the first
# finds 95 of 100, the last two another 3.
WAYS = ((1.0, 0.0), None, (0.8, 0.08), (1.2, 0.0))
BOXES_FROM = 128  # pixels of the shorter side; of smaller pictures, cropped to the face, boxes rescue none
CHUNK = 64  # pictures in memory at once, and as many being read


@dataclass(frozen=True, eq=False)
class Found:
    """Landmarks of n faces.

    Attributes:
        landmarks: (n, 68, 2) float32, iBUG order, pixels of the stored picture (x right, y down, centres at whole
            numbers, EXIF orientation not applied), rounded to 1/100; NaN where nothing plausible was found.
        score: (n,) float32 in 0..1, plausible from 0.5 (see fer_exp.landmarks.quality.judge).
        reason: (n,) str, why a face has none; "" where it has.
        faces: (n,) int32, faces seen in the picture; -1 where no face detector was needed.
    """

    landmarks: np.ndarray
    score: np.ndarray
    reason: np.ndarray
    faces: np.ndarray


def load(cfg: DatasetConfig, *, size: int, workers: int) -> Faces:
    """`datasets.load`, with landmarks found in the pictures where `cfg.landmarks` is "auto".

    Raises:
        UserError: as datasets.load and complete do.
    """
    faces = datasets.load(cfg, size=size, workers=workers)
    return complete(faces, workers) if cfg.landmarks == AUTO else faces


def complete(faces: Faces, workers: int) -> Faces:
    """The table with landmarks found in its pictures, in place of any that it has; the fingerprint covers them.

    Raises:
        UserError: as find does.
    """
    found = find(faces, workers)
    none = found.reason != ""
    if none.any():
        reasons, counts = np.unique(found.reason[none], return_counts=True)
        words = ", ".join(f"{reason} ({count})" for reason, count in zip(reasons, counts, strict=True))
        log.warning("warning: no plausible landmarks in %d of %d pictures: %s", none.sum(), len(none), words)
    if several := int((found.faces > 1).sum()):
        log.warning("warning: %d pictures show several faces: the largest is taken", several)
    digest = sha256(faces.fingerprint.encode() + np.ascontiguousarray(found.landmarks, "<f4").tobytes())
    return replace(faces, landmarks=None if none.all() else found.landmarks, fingerprint=digest.hexdigest())


def find(faces: Faces, workers: int) -> Found:
    """Landmarks of every face, from the cache where its picture is known there, whatever dataset it came with.

    Args:
        faces: pictures in files or in memory; landmarks that they have are not looked at.
        workers: threads that read pictures.

    Raises:
        UserError: the networks cannot be fetched, or the cache cannot be written.
    """
    digests, first, inverse = np.unique(faces.digests, return_index=True, return_inverse=True)
    table = _Table.empty(digests)
    folder = _folder()
    known = _known(folder, table)
    missing = np.flatnonzero(~known)
    missing = missing[np.argsort(first[missing])]  # in file order, as disks like it
    if len(missing):
        with held_stderr():
            from fer_exp.landmarks.search import Search

        search = Search()
        bar = tqdm(total=len(digests), initial=len(digests) - len(missing), desc="Landmarks", unit=" faces", delay=2)
        with bar, ThreadPoolExecutor(max(1, workers)) as pool:
            for start in range(0, len(missing), BLOCK):
                at = missing[start : start + BLOCK]
                entry = folder / sha256(digests[at].tobytes()).hexdigest()[:24]

                def build(at=at) -> _Table:
                    return _search(search, faces, first[at], pool, bar.update)

                table.put(at, cached(entry, _read, build, _write))
    score, reason = quality.judge(table.measures)
    table.points[reason != ""] = np.nan
    return Found(table.points[inverse], score[inverse], reason[inverse], table.seen[inverse])


class _Table(NamedTuple):
    """What is kept of m pictures: digests, points of the best answer whatever its quality, its measures, faces seen."""

    digests: np.ndarray
    points: np.ndarray
    measures: np.ndarray
    seen: np.ndarray

    @classmethod
    def empty(cls, digests: np.ndarray) -> _Table:
        m = len(digests)
        measures = np.full((m, len(quality.MEASURES)), np.nan, np.float32)
        return cls(digests, np.full((m, 68, 2), np.nan, np.float32), measures, np.full(m, -1, np.int32))

    def put(self, at: np.ndarray, other: _Table, rows: np.ndarray | slice = slice(None)) -> None:
        """Take over these rows of another table."""
        for mine, its in zip(self[1:], other[1:], strict=True):
            mine[at] = its[rows]


def _folder() -> Path:
    """Where this detector's findings are kept, a folder per block."""
    files = sorted(asset.digest for asset in ASSETS.values() if asset.name.startswith(("face_landmark", "tiny_face")))
    return entry_dir("landmarks", {"detector": DETECTOR, "version": VERSION, "files": files})


def _known(folder: Path, table: _Table) -> np.ndarray:
    """Fill the table with what the blocks have; which rows that were, (m,) bool. Damaged blocks count for nothing."""
    known = np.zeros(len(table.digests), bool)
    for entry in sorted(folder.glob("*/table.npz")):
        if entry.parent.suffix:  # one that is being written
            continue
        try:
            block = _read(entry.parent)
        except DAMAGED:
            continue
        at = np.searchsorted(table.digests, block.digests).clip(max=max(0, len(table.digests) - 1))
        rows = np.flatnonzero(table.digests[at] == block.digests)
        table.put(at[rows], block, rows)
        known[at[rows]] = True
    return known


def _search(search: Search, faces: Faces, rows: np.ndarray, pool: ThreadPoolExecutor, done: Callable) -> _Table:
    """One way to look after the other, each for the pictures without a plausible answer yet; the best answer stays."""
    table = _Table.empty(faces.digests[rows])
    large = faces.sizes[rows].min(1) >= BOXES_FROM
    doubtful = np.arange(len(rows))
    for way in WAYS:
        for at, pictures in _read_ahead(faces, rows, doubtful[large[doubtful]] if way is None else doubtful, pool):
            pixels = [picture.pixels for picture in pictures]
            if way is None:
                answer, table.seen[at] = search.boxed(pixels)
            else:
                answer = search.framed(pixels, *way)
            better = quality.judge(answer.measures)[0] > quality.judge(table.measures[at])[0]
            for k in np.flatnonzero(better):
                back = pictures[k].back
                table.points[at[k]] = np.round(answer.points[k] @ back[:, :2].T + back[:, 2], 2)
            table.measures[at[better]] = answer.measures[better]
            if way is WAYS[0]:
                done(len(at))
        doubtful = np.flatnonzero(quality.judge(table.measures)[1] != "")
    return table


def _read_ahead(
    faces: Faces, rows: np.ndarray, at: np.ndarray, pool: ThreadPoolExecutor
) -> Iterator[tuple[np.ndarray, list[upright.Picture]]]:
    """Positions `at` in rows, with their pictures, by the chunk; unreadable pictures are left out."""
    coming = None
    for start in range(0, len(at) + CHUNK, CHUNK):
        chunk = at[start : start + CHUNK]
        now, coming = coming, (chunk, [pool.submit(upright.read, faces, rows[k]) for k in chunk])
        if now is not None and len(now[0]):
            pictures = [picture.result() for picture in now[1]]
            readable = np.array([picture is not None for picture in pictures])
            if readable.any():
                yield now[0][readable], [picture for picture in pictures if picture is not None]


def _write(folder: Path, table: _Table) -> None:
    np.savez(folder / "table.npz", **table._asdict())


def _read(folder: Path) -> _Table:
    with np.load(folder / "table.npz", allow_pickle=False) as file:
        table = _Table(*(file[name] for name in _Table._fields))
    empty = _Table.empty(table.digests)
    if any(a.shape != b.shape or a.dtype != b.dtype for a, b in zip(table[1:], empty[1:], strict=True)):
        raise ValueError("another table")
    return table
