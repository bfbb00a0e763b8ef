"""Landmarks for faces that come without any: found in the pictures, judged, and cached (`dataset.landmarks=auto`)."""

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
from fer_exp.landmarks import orientation, quality
from fer_exp.system.assets import FACE_API
from fer_exp.system.cache import DAMAGED, cached, entry_dir
from fer_exp.system.stderr import held_stderr

if TYPE_CHECKING:
    from fer_exp.landmarks.search import Search

log = logging.getLogger(__name__)

DETECTOR = "face-api 1.7.15"
VERSION = 1  # of the search; raise it when the same picture would now give other points
BLOCK = 2048  # pictures in one cache entry; a killed run loses no more
# Where to look for a face: squares near the picture's middle, as (side in parts of the picture's longer side, how far
# below the middle in parts of it), and None for a box detector's box. Of faces cropped as in FER2013 the first finds
# 95 of 100, the last two another 3.
WAYS = ((1.0, 0.0), None, (0.8, 0.08), (1.2, 0.0))
BOXES_FROM = 128  # pixels of the shorter side; in smaller pictures, cropped to the face, boxes find nothing more
CHUNK = 64  # pictures in memory at once, and as many being read


@dataclass(frozen=True, eq=False)
class FoundLandmarks:
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
    """Load the faces as `datasets.load` does; where `cfg.landmarks` is "auto", find landmarks in the pictures.

    Raises:
        UserError: as datasets.load and complete do.
    """
    faces = datasets.load(cfg, size=size, workers=workers)
    return complete(faces, workers) if cfg.landmarks == AUTO else faces


def complete(faces: Faces, workers: int) -> Faces:
    """Return the table with landmarks found in its pictures, replacing any that it has; the fingerprint covers them.

    Raises:
        UserError: as find does.
    """
    found = find(faces, workers)
    missing = found.reason != ""
    if missing.any():
        reasons, counts = np.unique(found.reason[missing], return_counts=True)
        summary = ", ".join(f"{reason} ({count})" for reason, count in zip(reasons, counts, strict=True))
        log.warning("warning: no plausible landmarks in %d of %d pictures: %s", missing.sum(), len(missing), summary)
    if several := int((found.faces > 1).sum()):
        pictures = "pictures show" if several > 1 else "picture shows"
        log.warning("warning: %d %s several faces: the largest is taken", several, pictures)
    digest = sha256(faces.fingerprint.encode() + np.ascontiguousarray(found.landmarks, "<f4").tobytes())
    return replace(faces, landmarks=None if missing.all() else found.landmarks, fingerprint=digest.hexdigest())


def find(faces: Faces, workers: int) -> FoundLandmarks:
    """Find the landmarks of every face, or read them from the cache where its picture is there, from any dataset.

    Args:
        faces: pictures in files or in memory; landmarks that they have are ignored.
        workers: threads that read pictures.

    Raises:
        UserError: the networks cannot be fetched, or the cache cannot be written.
    """
    digests, first, inverse = np.unique(faces.digests, return_index=True, return_inverse=True)
    table = _Table.empty(digests)
    folder = _cache_folder()
    missing = np.flatnonzero(~_fill_from_cache(folder, table))
    missing = missing[np.argsort(first[missing])]  # in file order, as disks like it
    if len(missing):
        with held_stderr():
            from fer_exp.landmarks.search import Search

        search = Search()
        bar = tqdm(total=len(digests), initial=len(digests) - len(missing), desc="Landmarks", unit=" faces", delay=2)
        with bar, ThreadPoolExecutor(max(1, workers)) as pool:
            for start in range(0, len(missing), BLOCK):
                rows = missing[start : start + BLOCK]
                entry = folder / sha256(digests[rows].tobytes()).hexdigest()[:24]

                def build(rows: np.ndarray = rows) -> _Table:
                    return _search(search, faces, first[rows], pool, bar.update)

                table.put(rows, cached(entry, _read, build, _write))
    score, reason = quality.judge(table.measures)
    table.points[reason != ""] = np.nan
    return FoundLandmarks(table.points[inverse], score[inverse], reason[inverse], table.seen[inverse])


class _Table(NamedTuple):
    """What is cached of m pictures: digests, points of the best answer however good, its measures, faces seen."""

    digests: np.ndarray
    points: np.ndarray
    measures: np.ndarray
    seen: np.ndarray

    @classmethod
    def empty(cls, digests: np.ndarray) -> _Table:
        m = len(digests)
        measures = np.full((m, len(quality.MEASURES)), np.nan, np.float32)
        return cls(digests, np.full((m, 68, 2), np.nan, np.float32), measures, np.full(m, -1, np.int32))

    def put(self, rows: np.ndarray, other: _Table, other_rows: np.ndarray | slice = slice(None)) -> None:
        """Copy these rows of another table."""
        for target, source in zip(self[1:], other[1:], strict=True):
            target[rows] = source[other_rows]


def _cache_folder() -> Path:
    """Return the folder in which this detector's findings are cached, with a folder per block."""
    files = sorted(FACE_API.files.values())
    return entry_dir("landmarks", {"detector": DETECTOR, "version": VERSION, "files": files})


def _fill_from_cache(folder: Path, table: _Table) -> np.ndarray:
    """Fill the table from the cached blocks that are not damaged; return which rows were filled, (m,) bool."""
    filled = np.zeros(len(table.digests), bool)
    for entry in sorted(folder.glob("[!.]*/table.npz")):  # a hidden one is being written
        try:
            block = _read(entry.parent)
        except DAMAGED:
            continue
        nearest = np.searchsorted(table.digests, block.digests).clip(max=max(0, len(table.digests) - 1))
        matches = np.flatnonzero(table.digests[nearest] == block.digests)
        table.put(nearest[matches], block, matches)
        filled[nearest[matches]] = True
    return filled


def _search(
    search: Search, faces: Faces, rows: np.ndarray, pool: ThreadPoolExecutor, progress: Callable[[int], object]
) -> _Table:
    """Try each of WAYS on the pictures that have no plausible answer yet, and keep the best answer."""
    table = _Table.empty(faces.digests[rows])
    large = faces.sizes[rows].min(1) >= BOXES_FROM
    doubtful = np.arange(len(rows))
    for way in WAYS:
        todo = doubtful[large[doubtful]] if way is None else doubtful
        for positions, pictures in _read_ahead(faces, rows, todo, pool):
            pixels = [picture.pixels for picture in pictures]
            if way is None:
                answer, table.seen[positions] = search.boxed(pixels)
            else:
                answer = search.framed(pixels, *way)
            better = quality.judge(answer.measures)[0] > quality.judge(table.measures[positions])[0]
            for k in np.flatnonzero(better):
                back = pictures[k].back
                table.points[positions[k]] = np.round(answer.points[k] @ back[:, :2].T + back[:, 2], 2)
            table.measures[positions[better]] = answer.measures[better]
            if way is WAYS[0]:
                progress(len(positions))
        doubtful = np.flatnonzero(quality.judge(table.measures)[1] != "")
    return table


def _read_ahead(
    faces: Faces, rows: np.ndarray, positions: np.ndarray, pool: ThreadPoolExecutor
) -> Iterator[tuple[np.ndarray, list[orientation.Picture]]]:
    """Yield `positions` in rows, with their pictures, in chunks; undecodable pictures are left out."""
    following = None
    for start in range(0, len(positions) + CHUNK, CHUNK):
        chunk = positions[start : start + CHUNK]
        current, following = following, (chunk, [pool.submit(orientation.read, faces, rows[k]) for k in chunk])
        if current is not None and len(current[0]):
            pictures = [picture.result() for picture in current[1]]
            readable = np.array([picture is not None for picture in pictures])
            if readable.any():
                yield current[0][readable], [picture for picture in pictures if picture is not None]


def _write(folder: Path, table: _Table) -> None:
    np.savez(folder / "table.npz", **table._asdict())


def _read(folder: Path) -> _Table:
    with np.load(folder / "table.npz", allow_pickle=False) as file:
        table = _Table(*(file[name] for name in _Table._fields))
    empty = _Table.empty(table.digests)
    if any(a.shape != b.shape or a.dtype != b.dtype for a, b in zip(table[1:], empty[1:], strict=True)):
        raise ValueError("not such a table")
    return table
