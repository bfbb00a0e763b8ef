"""All faces of a dataset, drawn in parallel into a folder and read back from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from tqdm import tqdm

from fer_exp.datasets.limit import limited_rows
from fer_exp.datasets.synthetic.classes import CLASSES, balanced, imbalanced, mislabel
from fer_exp.datasets.synthetic.face import Look, Stream, draw, random_stream
from fer_exp.errors import DataError
from fer_exp.system.cache import cached, entry_dir, peek
from fer_exp.system.workers import pool

VERSION = 2
"""Version of the drawing code and the files: a change that moves a pixel raises it, so that old caches are ignored."""

_CHUNK = 32  # faces per job


@dataclass(frozen=True)
class Plan:
    """What is drawn; the keys of conf/dataset/synthetic.yaml. Equal plans make equal pictures."""

    look: Look
    n_train: int
    n_test: int
    imbalance: float
    label_noise: float
    limit: int | None = None


@dataclass(frozen=True, eq=False)
class Drawn:
    """All pictures of a plan, training part first.

    Attributes:
        ids: (n,) str, part/index.
        pixels: (n, size, size, 3) uint8 RGB, a read-only memory map.
        labels: (n,) int64; of the training part, some differ from the class that was drawn.
        landmarks: (n, 68, 2) float32.
        digests: (n,) S32, hex BLAKE2b-128 of each picture's bytes.
    """

    ids: np.ndarray
    pixels: np.ndarray
    labels: np.ndarray
    landmarks: np.ndarray
    digests: np.ndarray


def load_or_draw(plan: Plan, workers: int) -> Drawn:
    """Return the plan's pictures from the cache, drawn into it first where they are missing or damaged.

    Those that a limit leaves are copied from the whole set, where that is in the cache.

    Raises:
        DataError: the cache cannot be written to, or a drawing process died.
    """

    def fill(folder: Path, whole: Drawn | None) -> None:
        if whole is None:
            write(folder, plan, workers)  # straight into the folder: the pictures need not fit into memory
        else:
            copy(folder, plan, whole)

    whole = None if plan.limit is None else _entry(replace(plan, limit=None))
    drawn = cached(
        _entry(plan),
        read=read,
        build=lambda: None if whole is None else peek(whole, read),
        write=fill,
    )
    assert drawn is not None  # `read` returns pictures or raises
    return drawn


def _entry(plan: Plan) -> Path:
    return entry_dir("synthetic", {"version": VERSION, **asdict(plan)})


class Listed(NamedTuple):
    """The faces of a plan before they are drawn, training part first.

    Attributes:
        ids: (n,) str, part/index.
        parts: (n,) str, "train" or "test".
        indices: (n,) int64, the position of each in its part.
        classes: (n,) int64, to be drawn.
        labels: (n,) int64; the test part's are equal to its classes.
    """

    ids: np.ndarray
    parts: np.ndarray
    indices: np.ndarray
    classes: np.ndarray
    labels: np.ndarray


def list_faces(plan: Plan) -> Listed:
    """Return the faces of a plan: all of both parts, or those that its limit leaves, which are the same faces."""
    seed = plan.look.seed
    train = imbalanced(random_stream(seed, "train", 0, Stream.CLASSES), plan.n_train, plan.imbalance)
    train_labels = mislabel(random_stream(seed, "train", 0, Stream.LABELS), train, plan.label_noise)
    test = balanced(plan.n_test)
    parts = np.repeat(["train", "test"], [plan.n_train, plan.n_test])
    indices = np.concatenate([np.arange(plan.n_train), np.arange(plan.n_test)])
    ids = np.array([f"{part}/{index:06d}" for part, index in zip(parts, indices, strict=True)])
    every = Listed(ids, parts, indices, np.concatenate([train, test]), np.concatenate([train_labels, test]))
    if plan.limit is None:
        return every
    rows = limited_rows(ids, every.labels, parts, plan.limit)
    return Listed(*(column[rows] for column in every))


def write(folder: Path, plan: Plan, workers: int) -> None:
    """Draw all faces in `workers` processes (1 or fewer: in this one) into pixels.npy and table.npz.

    Raises:
        DataError: a process died, as happens when memory runs out.
        OSError: the folder cannot be written to.
    """
    faces = list_faces(plan)
    n = len(faces.ids)
    shape = (n, plan.look.size, plan.look.size, 3)
    landmarks = np.empty((n, 68, 2), np.float32)
    digests = np.empty(n, "S32")
    with (
        (folder / "pixels.npy").open("wb") as file,
        tqdm(total=n, desc="Drawing faces", unit="", dynamic_ncols=True) as bar,
    ):
        _write_header(file, shape)
        done = 0
        for pixels, points in _draw_all(_jobs(plan.look, faces), workers):
            rows = slice(done, done + len(pixels))
            # A plain write, not a memory map: a full disk is then an error and not a crash.
            file.write(pixels.data)
            landmarks[rows] = points
            digests[rows] = [_digest(picture) for picture in pixels]
            done = rows.stop
            bar.update(len(pixels))
    np.savez(folder / "table.npz", ids=faces.ids, labels=faces.labels, landmarks=landmarks, digests=digests)


def copy(folder: Path, plan: Plan, whole: Drawn) -> None:
    """Write what `write` does, from all pictures of the same plan without its limit."""
    row_of = {face: row for row, face in enumerate(whole.ids.tolist())}
    rows = np.array([row_of[face] for face in list_faces(plan).ids.tolist()], np.int64)
    with (folder / "pixels.npy").open("wb") as file:
        _write_header(file, (len(rows), *whole.pixels.shape[1:]))
        for row in rows:
            file.write(np.ascontiguousarray(whole.pixels[row]).data)
    columns = {key: getattr(whole, key)[rows] for key in ("ids", "labels", "landmarks", "digests")}
    np.savez(folder / "table.npz", **columns)


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Begin a .npy file of uint8: the pixels follow by plain writes."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def read(folder: Path) -> Drawn:
    """Read what `write` wrote.

    Raises:
        OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error: missing or damaged.
    """
    with np.load(folder / "table.npz", allow_pickle=False) as table:
        columns = {key: table[key] for key in ("ids", "labels", "landmarks", "digests")}
    return Drawn(pixels=np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False), **columns)


def _digest(picture: np.ndarray) -> bytes:
    # In hex, since NumPy's fixed-width bytes lose zeros at the end.
    return blake2b(np.ascontiguousarray(picture).data, digest_size=16).hexdigest().encode()


@dataclass(frozen=True)
class _Job:
    look: Look
    parts: list[str]
    indices: list[int]
    classes: list[int]


def _jobs(look: Look, faces: Listed) -> list[_Job]:
    chunks = (slice(first, first + _CHUNK) for first in range(0, len(faces.ids), _CHUNK))
    return [
        _Job(look, *(column[chunk].tolist() for column in (faces.parts, faces.indices, faces.classes)))
        for chunk in chunks
    ]


def _draw_chunk(job: _Job) -> tuple[np.ndarray, np.ndarray]:
    """Draw the faces of a job: pictures (m, size, size, 3) uint8 and landmarks (m, 68, 2) float32."""
    order = zip(job.parts, job.indices, job.classes, strict=True)
    faces = [draw(job.look, part, index, CLASSES[label]) for part, index, label in order]
    return np.stack([face.pixels for face in faces]), np.stack([face.landmarks for face in faces])


def _draw_all(jobs: list[_Job], workers: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pictures and landmarks in the order of the jobs."""
    if workers <= 1:
        yield from map(_draw_chunk, jobs)
        return
    executor = pool(min(workers, len(jobs)))
    pending: deque[Future[tuple[np.ndarray, np.ndarray]]] = deque()
    try:
        for job in jobs:
            pending.append(executor.submit(_draw_chunk, job))
            if len(pending) > 2 * workers:  # with a slow disk the processes wait, and pictures do not pile up
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        raise DataError(
            "a process that draws faces died (out of memory?): lower workers, or draw in one process with workers=1"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)
