"""Covered copies of many pictures, written by several processes: resumable at any moment, never half a file."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from fer_exp.copies import encode
from fer_exp.datasets.faces import identity
from fer_exp.errors import DataError
from fer_exp.occlusion.placement import Cover
from fer_exp.system import atomic as whole
from fer_exp.system.workers import pool

CHUNK = 64  # pictures per task: one each would cost more than writing it
SAMPLE = 32  # pictures that the size of the whole is estimated from
RESERVE = 2**28  # bytes of the disk that stay free


class Job(NamedTuple):
    """One picture to write.

    Attributes:
        row: of the table of faces, and of the cover.
        target: path of the picture below the output folder.
        covered: whether the occluder is painted on it.
        source: the picture's file below the root; None takes it from memory.
        beside: paths below root and output of files that belong to it, where they are there, with `{}` for the
            picture's name without its ending; they are brought before the picture is written.
    """

    row: int
    target: str
    covered: bool
    source: str | None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Copy:
    """How pictures are copied.

    Attributes:
        root: folder that is read from; None where the faces are no files.
        output: folder that is written into.
        cover: the occluder of all faces; None where nothing is covered.
        sizes: (n, 2) height and width of each face's picture in pixels.
        quality: of recompressed JPEGs, 1 to 100; None keeps the blocks that the occluder does not touch.
        pixels: (n, h, w, c) uint8 of faces that are no files.
        link: files that belong to a picture become hard links where the disk can, instead of copies.
    """

    root: Path | None
    output: Path
    cover: Cover | None
    sizes: np.ndarray
    quality: int | None
    pixels: np.ndarray | None = None
    link: bool = False


def write(jobs: Sequence[Job], copy: Copy, workers: int) -> dict[str, str]:
    """Write what is not there yet; the order and number of processes change nothing of the files.

    A picture is written under a temporary name and moved into place, after what belongs to it: one that is there is
    whole. Memory does not grow with the number of pictures.

    Returns:
        Target -> why it could not be written, of unreadable or damaged pictures. All others are there.

    Raises:
        DataError: the disk is or would become full, a folder leads out of the output, or a process was killed; what
            was written stays, and the same call goes on from there.
    """
    missing = absent(jobs, copy.output)
    for folder in {path.rpartition("/")[0] for job in missing for path in (job.target, *job.beside)}:
        _prepare(copy.output, folder)
    failed: dict[str, str] = {}
    _need_space(missing, copy)
    with tqdm(total=len(jobs), initial=len(jobs) - len(missing), desc="covering", unit=" pictures", delay=2) as bar:
        for done, problems in _run(missing, copy, workers):
            failed |= problems
            bar.update(done)
    return failed


def absent(jobs: Iterable[Job], output: Path) -> list[Job]:
    """The jobs whose picture is not there yet.

    Raises:
        DataError: a folder leads out of the output.
    """
    listed: dict[str, set[str]] = {}

    def there(target: str) -> bool:
        folder, _, name = target.rpartition("/")
        if folder not in listed:
            try:
                listed[folder] = set(os.listdir(_inside(output, folder)))
            except FileNotFoundError:
                listed[folder] = set()
            except OSError as error:
                raise DataError(f"cannot read output={output}: {output / folder}: {error.strerror}") from error
        return name in listed[folder]

    return [job for job in jobs if not there(job.target)]


def _run(jobs: list[Job], copy: Copy, workers: int) -> Iterator[tuple[int, dict[str, str]]]:
    """(pictures done, problems) of each chunk, in no order."""
    chunks = (jobs[start : start + CHUNK] for start in range(0, len(jobs), CHUNK))
    tasks = (_task(chunk, copy) for chunk in chunks)
    try:
        if workers <= 1 or len(jobs) <= CHUNK:
            for task in tasks:
                yield task()
            return
        with pool(min(workers, -(-len(jobs) // CHUNK))) as writing:
            running = {writing.submit(task) for task in islice(tasks, 2 * workers)}
            try:
                while running:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    running |= {writing.submit(task) for task in islice(tasks, len(finished))}
                    for future in finished:
                        yield future.result()
            finally:
                writing.shutdown(wait=True, cancel_futures=True)
    except BrokenProcessPool as error:
        raise DataError(
            "a process that wrote pictures was killed (out of memory?): start again to go on, with a smaller workers=N"
        ) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DataError(f"cannot write into output={copy.output}: {error.strerror or error}") from error
        raise DataError(
            f"output={copy.output}: {error.strerror}. Free some space and start again: it goes on where it stopped"
        ) from error


def _task(chunk: list[Job], copy: Copy) -> Callable[[], tuple[int, dict[str, str]]]:
    """The chunk with no more of the tables than it needs, to be sent to a process."""
    rows = np.array([job.row for job in chunk])
    own = [job._replace(row=i) for i, job in enumerate(chunk)]
    cover = None if copy.cover is None else copy.cover.take(rows)
    pixels = None if copy.pixels is None else copy.pixels[rows]
    return partial(_write_chunk, own, replace(copy, cover=cover, sizes=copy.sizes[rows], pixels=pixels))


def _write_chunk(chunk: list[Job], copy: Copy) -> tuple[int, dict[str, str]]:
    problems = {}
    for job, paint in zip(chunk, painters(chunk, copy), strict=True):
        try:
            data = render(job, copy, paint)
            others = [(file, target, file.read_bytes()) for file, target in beside(job, copy)]
        except (DataError, OSError) as error:
            problems[job.target] = getattr(error, "strerror", None) or str(error)
            continue
        try:
            for file, target, content in others:
                if not (copy.link and whole.link(file, target)):
                    whole.write(target, content)
            whole.write(os.path.join(copy.output, job.target), data)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            problems[job.target] = error.strerror
    return len(chunk), problems


def beside(job: Job, copy: Copy) -> list[tuple[Path, Path]]:
    """The files that belong to a picture and are there, and where they go."""
    found = []
    for pattern in job.beside:
        old, new = Path(job.source).stem, Path(job.target).stem
        candidates = [copy.root / pattern.format(stem) for stem in (old, identity(old))]  # a copy may have its face's
        found += [(file, copy.output / pattern.format(new)) for file in candidates if file.is_file()][:1]
    return found


def painters(jobs: list[Job], copy: Copy) -> list[encode.Paint | None]:
    """What paints the occluder on each picture; None where it stays uncovered."""
    rows = np.array([job.row for job in jobs if job.covered], int)
    found = iter(copy.cover.painters(rows, copy.sizes[rows]) if len(rows) else ())
    return [next(found) if job.covered else None for job in jobs]


def render(job: Job, copy: Copy, paint: encode.Paint | None) -> bytes:
    """The file's content.

    Raises:
        DataError, OSError: the picture is damaged or cannot be read.
    """
    if job.source is not None:
        with open(os.path.join(copy.root, job.source), "rb") as file:  # a Path costs as much as the reading
            return encode.covered(file.read(), paint, copy.quality)
    image = np.ascontiguousarray(copy.pixels[job.row]).copy()
    if paint is not None:
        paint(image)
    return encode.png(image)


def _prepare(output: Path, folder: str) -> None:
    """Make a folder below the output and clear it of what a killed process left."""
    path = _inside(output, folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name in os.listdir(path):
            if name.startswith(whole.PART):
                (path / name).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"cannot write into output={output}: {path}: {error.strerror}") from error


def _inside(output: Path, folder: str) -> Path:
    """A folder of the output, there or not; a link in its way must not lead out of it."""
    path = output / folder
    if not path.resolve().is_relative_to(output.resolve()):
        raise DataError(f"{path} leads out of output={output}, to {path.resolve()}: nothing is written there")
    return path


def _need_space(jobs: list[Job], copy: Copy) -> None:
    """Raise DataError where the disk has no room, judged by what a few of the pictures take."""
    if not jobs:
        return
    sizes = []
    few = jobs[:: max(1, len(jobs) // SAMPLE)]
    for job, paint in zip(few, painters(few, copy), strict=True):
        try:
            lengths = [len(render(job, copy, paint))]
            lengths += [] if copy.link else [file.stat().st_size for file, _ in beside(job, copy)]
            sizes.append(sum(-(-length // 4096) * 4096 for length in lengths))  # files take whole blocks
        except (DataError, OSError):
            continue
    need = int(np.mean(sizes) * len(jobs)) if sizes else 0
    free = shutil.disk_usage(copy.output).free
    if need > free - RESERVE:
        raise DataError(
            f"output={copy.output}: {len(jobs)} pictures take about {need / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are "
            f"free there, {RESERVE / 2**30:.2g} of them left alone. Free some space, or take another disk"
        )
