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
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from fer_exp.copies import encode
from fer_exp.datasets.faces import identity
from fer_exp.errors import DataError
from fer_exp.occlusion.placement import Placement
from fer_exp.system import atomic
from fer_exp.system.workers import pool

if TYPE_CHECKING:
    from fer_exp.datasets.faces import PixelRows

CHUNK = 64  # pictures per task: a task for each would cost more than writing it
SAMPLE = 32  # pictures from which the size of the copy is estimated
RESERVE = 2**28  # bytes of the disk that stay free


class PictureJob(NamedTuple):
    """One picture to write.

    Attributes:
        row: of the table of faces, and of the placement.
        target: path of the picture below the output folder.
        covered: whether the occluder is painted on it.
        source: the picture's file below the root; None takes it from memory.
        companions: paths below root and output of files that belong to it, where they exist, with `{}` for the
            picture's name without its ending; they are copied before the picture is written.
    """

    row: int
    target: str
    covered: bool
    source: str | None
    companions: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class CopySettings:
    """How pictures are copied.

    Attributes:
        root: folder that is read from; None where the faces are not files.
        output: folder that is written into.
        placement: the occluder of all faces; None where nothing is covered.
        sizes: (n, 2) height and width of each face's picture in pixels.
        quality: of recompressed JPEGs, 1 to 100; None keeps the blocks that the occluder does not touch.
        pixels: (n, h, w, c) uint8 of faces that are not files.
        link: files that belong to a picture become hard links where the disk allows it, instead of copies.
    """

    root: Path | None
    output: Path
    placement: Placement | None
    sizes: np.ndarray
    quality: int | None
    pixels: np.ndarray | PixelRows | None = None
    link: bool = False


def write(jobs: Sequence[PictureJob], settings: CopySettings, workers: int) -> dict[str, str]:
    """Write what is not there yet; the order and the number of processes do not change the files.

    A picture is written under a temporary name and moved into place, after the files that belong to it: a picture
    that is there is complete. Memory does not grow with the number of pictures.

    Returns:
        Target -> why it could not be written, for unreadable or damaged pictures. All others are there.

    Raises:
        DataError: the disk is or would become full, a folder leads out of the output, or a process was killed; what
            was written stays, and the same call continues from there.
    """
    missing = missing_jobs(jobs, settings.output)
    for folder in {path.rpartition("/")[0] for job in missing for path in (job.target, *job.companions)}:
        _prepare(settings.output, folder)
    failed: dict[str, str] = {}
    _require_space(missing, settings)
    with tqdm(total=len(jobs), initial=len(jobs) - len(missing), desc="covering", unit=" pictures", delay=2) as bar:
        for done, problems in _run(missing, settings, workers):
            failed |= problems
            bar.update(done)
    return failed


def missing_jobs(jobs: Iterable[PictureJob], output: Path) -> list[PictureJob]:
    """Return the jobs whose picture is not there yet.

    Raises:
        DataError: a folder leads out of the output.
    """
    listed: dict[str, set[str]] = {}

    def exists(target: str) -> bool:
        folder, _, name = target.rpartition("/")
        if folder not in listed:
            try:
                listed[folder] = set(os.listdir(_inside(output, folder)))
            except FileNotFoundError:
                listed[folder] = set()
            except OSError as error:
                raise DataError(f"cannot read output={output}: {output / folder}: {error.strerror}") from error
        return name in listed[folder]

    return [job for job in jobs if not exists(job.target)]


def _run(jobs: list[PictureJob], settings: CopySettings, workers: int) -> Iterator[tuple[int, dict[str, str]]]:
    """Write the jobs in chunks; yield (pictures done, problems) of each chunk, in no particular order."""
    chunks = (jobs[start : start + CHUNK] for start in range(0, len(jobs), CHUNK))
    tasks = (_task(chunk, settings) for chunk in chunks)
    try:
        if workers <= 1 or len(jobs) <= CHUNK:
            for task in tasks:
                yield task()
            return
        with pool(min(workers, -(-len(jobs) // CHUNK))) as processes:
            running = {processes.submit(task) for task in islice(tasks, 2 * workers)}
            try:
                while running:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    running |= {processes.submit(task) for task in islice(tasks, len(finished))}
                    for future in finished:
                        yield future.result()
            finally:
                processes.shutdown(wait=True, cancel_futures=True)
    except BrokenProcessPool as error:
        raise DataError(
            "a process that wrote pictures was killed (out of memory?): start again to go on, with a smaller workers=N"
        ) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DataError(f"cannot write into output={settings.output}: {error.strerror or error}") from error
        raise DataError(
            f"output={settings.output}: {error.strerror}. Free some space and start again: it goes on where it stopped"
        ) from error


def _task(chunk: list[PictureJob], settings: CopySettings) -> Callable[[], tuple[int, dict[str, str]]]:
    """Return a task that writes the chunk; it holds no more of the tables than it needs, to be sent to a process."""
    rows = np.array([job.row for job in chunk])
    renumbered = [job._replace(row=i) for i, job in enumerate(chunk)]
    placement = None if settings.placement is None else settings.placement.take(rows)
    pixels = None if settings.pixels is None else settings.pixels[rows]
    settings = replace(settings, placement=placement, sizes=settings.sizes[rows], pixels=pixels)
    return partial(_write_chunk, renumbered, settings)


def _write_chunk(chunk: list[PictureJob], settings: CopySettings) -> tuple[int, dict[str, str]]:
    problems = {}
    for job, paint in zip(chunk, painters(chunk, settings), strict=True):
        try:
            data = render(job, settings, paint)
            companions = [(file, target, file.read_bytes()) for file, target in companion_files(job, settings)]
        except (DataError, OSError) as error:
            problems[job.target] = getattr(error, "strerror", None) or str(error)
            continue
        try:
            for file, target, content in companions:
                if not (settings.link and atomic.link(file, target)):
                    atomic.write(target, content)
            atomic.write(os.path.join(settings.output, job.target), data)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            problems[job.target] = error.strerror or str(error)
    return len(chunk), problems


def companion_files(job: PictureJob, settings: CopySettings) -> list[tuple[Path, Path]]:
    """Return the existing files that belong to a picture, each with the path that it is copied to."""
    pairs: list[tuple[Path, Path]] = []
    for pattern in job.companions:
        assert settings.root is not None and job.source is not None  # only pictures in files have companions
        old, new = Path(job.source).stem, Path(job.target).stem
        candidates = [settings.root / pattern.format(stem) for stem in (old, identity(old))]  # a copy: its face's
        pairs += [(file, settings.output / pattern.format(new)) for file in candidates if file.is_file()][:1]
    return pairs


def painters(jobs: list[PictureJob], settings: CopySettings) -> list[encode.Paint | None]:
    """Return what paints the occluder on each picture; None where it stays uncovered."""
    rows = np.array([job.row for job in jobs if job.covered], int)
    if not len(rows):
        return [None] * len(jobs)
    assert settings.placement is not None  # what is covered has an occluder
    of_covered = iter(settings.placement.painters(rows, settings.sizes[rows]))
    return [next(of_covered) if job.covered else None for job in jobs]


def render(job: PictureJob, settings: CopySettings, paint: encode.Paint | None) -> bytes:
    """Return the content of the picture's file.

    Raises:
        DataError, OSError: the picture is damaged or cannot be read.
    """
    if job.source is not None:
        assert settings.root is not None
        with open(os.path.join(settings.root, job.source), "rb") as file:  # a Path costs as much as the reading
            return encode.cover(file.read(), paint, settings.quality)
    assert settings.pixels is not None  # faces are files or in memory
    image = np.ascontiguousarray(settings.pixels[job.row]).copy()
    if paint is not None:
        paint(image)
    return encode.encode_png(image)


def _prepare(output: Path, folder: str) -> None:
    """Make a folder below the output, and remove what a killed process left in it."""
    path = _inside(output, folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name in os.listdir(path):
            if name.startswith(atomic.PART):
                (path / name).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"cannot write into output={output}: {path}: {error.strerror}") from error


def _inside(output: Path, folder: str) -> Path:
    """Return a folder of the output, whether or not it exists; raise DataError where a link leads out of the output."""
    path = output / folder
    if not path.resolve().is_relative_to(output.resolve()):
        raise DataError(f"{path} leads out of output={output}, to {path.resolve()}: nothing is written there")
    return path


def _require_space(jobs: list[PictureJob], settings: CopySettings) -> None:
    """Raise DataError unless the disk has room for the jobs, estimated from a few of the pictures."""
    if not jobs:
        return
    sizes = []
    sample = jobs[:: max(1, len(jobs) // SAMPLE)]
    for job, paint in zip(sample, painters(sample, settings), strict=True):
        try:
            lengths = [len(render(job, settings, paint))]
            lengths += [] if settings.link else [file.stat().st_size for file, _ in companion_files(job, settings)]
            sizes.append(sum(-(-length // 4096) * 4096 for length in lengths))  # files take whole blocks
        except (DataError, OSError):
            continue
    need = int(np.mean(sizes) * len(jobs)) if sizes else 0
    free = shutil.disk_usage(settings.output).free
    if need > free - RESERVE:
        pictures = "1 picture takes" if len(jobs) == 1 else f"{len(jobs)} pictures take"
        raise DataError(
            f"output={settings.output}: {pictures} about {need / 2**30:.1f} GiB, but {free / 2**30:.1f} GiB are free "
            f"there, {RESERVE / 2**30:.2g} of which must stay free. Free some space, or use another disk"
        )
