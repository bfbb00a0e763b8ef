"""From the configuration to the finished copy."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_exp.config.dataset import AUTO, OnBad
from fer_exp.config.occlusion import Missing
from fer_exp.copies import folder, manifest
from fer_exp.copies import writer as files
from fer_exp.datasets import affectnet
from fer_exp.datasets import unlabelled as plain
from fer_exp.datasets.faces import OCCLUDED, Faces
from fer_exp.errors import DataError
from fer_exp.inputs.variants import items
from fer_exp.landmarks import detect as landmarks
from fer_exp.occlusion import placement as cover
from fer_exp.system import atomic as whole
from fer_exp.system.workers import worker_count

if TYPE_CHECKING:
    from fer_exp.config.commands import OccludeConfig

SIZE = 224  # pixels, of faces that are drawn
LANDMARKS = "landmarks.npz"


def make(cfg: OccludeConfig) -> None:
    """Write the copy that is asked for, or what is missing of it.

    Raises:
        ConfigError: output and source lie within each other, or the output holds something else.
        DataError: pictures could not be written or had to be left out; everything else is there.
    """
    start = time.monotonic()
    workers = worker_count(cfg.workers)
    output = Path(cfg.output).expanduser().absolute()
    source = cfg.images or cfg.dataset.root
    if source:
        folder.keep_apart(Path(source).expanduser().absolute(), output)
    if cfg.images and cfg.occlusion.missing is Missing.typical:
        # photographs differ: the median of the others would lie anywhere
        cfg = replace(cfg, occlusion=replace(cfg.occlusion, missing=Missing.skip))
    faces = load(cfg, workers)
    for inner in {name.rpartition("/")[0] for name in faces.ids.tolist()} if faces.root else ():
        folder.keep_apart(faces.root / inner, output)  # a folder of the source may be a link to elsewhere
    placed = place(cfg, faces)
    jobs = plan(cfg, faces, placed)
    own = cfg.images or cfg.dataset.landmarks or not any(job.beside for job in jobs[:1])
    brings_landmarks = faces.landmarks is not None and bool(own)
    settings = folder.settings(cfg, faces)
    with folder.claimed(output, settings):
        missing = len(files.absent(jobs, output))
        run = folder.finished_by(output)
        known = manifest.read(output) if run and not missing else None
        if known is not None and (output / LANDMARKS).exists() >= brings_landmarks:
            print(f"complete: {len(jobs)} pictures in {output}; run {run} is its summary")
            return manifest.judge(known, output)
        folder.begin(output, settings)
        quality = None if cfg.quality == "lossless" else int(cfg.quality)
        copy = files.Copy(faces.root, output, placed, faces.sizes, quality, faces.pixels, cfg.annotations == "link")
        failed = files.write(jobs, copy, workers)
        table = manifest.table(cfg, faces, placed, jobs, failed)
        try:
            manifest.write(table, output)
            if brings_landmarks:
                write_landmarks(faces, [job for job in jobs if job.target not in failed], output)
        except OSError as error:
            raise DataError(
                f"cannot write into output={output}: {error.strerror or error}; start again then"
            ) from error
        from fer_exp.copies.summary import summarise  # MLflow takes seconds, which a finished copy does not need

        run = summarise(cfg, faces, placed, table, output, missing / (time.monotonic() - start))
        folder.finish(output, settings, run)
    return manifest.judge(table, output)


def load(cfg: OccludeConfig, workers: int) -> Faces:
    """The faces to copy; what cannot be used is listed, not fatal."""
    wanted = cfg.variant != "normal"
    if cfg.images:
        faces = plain.load(Path(cfg.images).expanduser().absolute(), workers)
        return landmarks.complete(faces, workers) if wanted else faces
    dataset = replace(cfg.dataset, on_bad=OnBad.skip)
    if dataset.landmarks == AUTO and not wanted:
        dataset = replace(dataset, landmarks=None)
    return landmarks.load(dataset, size=SIZE, workers=workers)


def place(cfg: OccludeConfig, faces: Faces) -> cover.Cover | None:
    """Where the occluder lies on each face; None for an uncovered copy.

    Raises:
        DataError: there is no face to cover.
    """
    if cfg.variant == "normal":
        return None
    if cfg.images and faces.landmarks is None and cfg.occlusion.missing is not Missing.frame:
        raise DataError(
            f"images={cfg.images}: no face was found in {len(faces)} pictures; where each is cropped to a face, say "
            "occlusion.missing=frame"
        )
    return cover.place(faces.landmarks, faces.sizes, cfg.occlusion, faces.ids)


def plan(cfg: OccludeConfig, faces: Faces, placed: cover.Cover | None) -> list[files.Job]:
    """Every picture of the copy, by part and in natural file order.

    In the variant `mixed` the covered picture lies beside its face and ends in `_occ`.

    Raises:
        DataError: two pictures would have one name, since the dataset holds covered copies already.
    """
    usable = np.ones(len(faces), bool) if placed is None else placed.keep
    jobs = []
    for part in ("train", "test"):
        rows = faces.rows(part)
        rows = rows[usable[rows]]
        chosen = items(cfg.variant, rows, faces.labels[rows])
        for row, covered in zip(chosen.rows.tolist(), chosen.covered.tolist(), strict=True):
            place, _, name = file_of(faces, row).rpartition("/")
            stem, _, suffix = name.rpartition(".")
            new = stem + OCCLUDED if covered and cfg.variant == "mixed" else stem
            target = f"{place}/{new}.{suffix}".removeprefix("/")
            source = None if faces.root is None else str(faces.ids[row])
            beside = affectnet.companions(place) if source and faces.name == "affectnet" else ()
            jobs.append(files.Job(row, target, covered, source, beside))
    targets = Counter(job.target for job in jobs)
    if len(targets) < len(jobs):
        raise DataError(
            f"{targets.most_common(1)[0][0]} would be written twice: the dataset holds covered copies ({OCCLUDED}) "
            "already; leave them out of it, or say variant=occluded"
        )
    return jobs


def file_of(faces: Faces, row: int) -> str:
    """Where a face's picture goes: where it was; faces that are no files go into a folder per part and class."""
    name = str(faces.ids[row])
    if faces.root is not None:
        return name
    return f"{faces.parts[row]}/{faces.classes[faces.labels[row]]}/{name.replace('/', '_')}.png"


def write_landmarks(faces: Faces, jobs: list[files.Job], output: Path) -> None:
    """The landmarks of these pictures, as `dataset.landmarks` takes them."""
    content = BytesIO()
    paths = np.array([job.target for job in jobs], dtype=str)
    np.savez(content, path=paths, landmarks=faces.landmarks[[job.row for job in jobs]])
    whole.write(output / LANDMARKS, content.getvalue())
