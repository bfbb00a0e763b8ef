"""From the configuration to the finished copy."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_exp.config.dataset import AUTO, OnBad
from fer_exp.config.occlusion import Missing
from fer_exp.copies import folder, manifest, writer
from fer_exp.datasets import affectnet, unlabelled
from fer_exp.datasets.faces import OCCLUDED, Faces
from fer_exp.errors import DataError
from fer_exp.inputs.variants import build_samples
from fer_exp.landmarks import detect
from fer_exp.occlusion.placement import Placement, place_occluder, usable_rows
from fer_exp.system import atomic
from fer_exp.system.workers import worker_count

if TYPE_CHECKING:
    import pandas as pd

    from fer_exp.config.commands import OccludeConfig

SIZE = 224  # pixels, of drawn faces
LANDMARKS = "landmarks.npz"


class Plan(NamedTuple):
    """A copy that is ready to be written; `with_landmarks` says whether a file of landmarks belongs to it."""

    cfg: OccludeConfig
    faces: Faces
    placement: Placement | None
    jobs: list[writer.PictureJob]
    with_landmarks: bool


def make(cfg: OccludeConfig) -> None:
    """Write the copy that is asked for, or what is missing of it.

    Raises:
        ConfigError: output and source lie within each other, or the output holds something else.
        DataError: pictures could not be written or had to be left out; everything else is there.
    """
    start = time.monotonic()
    output = Path(cfg.output).expanduser().absolute()
    workers = worker_count(cfg.workers)
    plan = prepare(cfg, output, workers)
    settings = folder.settings(plan.cfg, plan.faces)
    with folder.claim(output, settings):
        missing = len(writer.missing_jobs(plan.jobs, output))
        finished = None if missing else finished_table(plan, output)
        if finished is not None:
            return manifest.report(finished, output)
        folder.begin(output, settings)
        table = write(plan, output, workers)
        from fer_exp.copies.summary import summarise  # MLflow takes seconds, which a finished copy does not need

        speed = missing / (time.monotonic() - start)
        run = summarise(plan.cfg, plan.faces, plan.placement, table, output, speed)
        folder.finish(output, settings, run)
    return manifest.report(table, output)


def prepare(cfg: OccludeConfig, output: Path, workers: int) -> Plan:
    """Load the faces, place the occluder and list the pictures to write; raises what `make` does."""
    source = cfg.images or (cfg.dataset and cfg.dataset.root)
    if source:
        folder.keep_apart(Path(source).expanduser().absolute(), output)
    if cfg.images and cfg.occlusion.missing is Missing.typical:
        # photographs differ: the median of the others could lie anywhere
        cfg = replace(cfg, occlusion=replace(cfg.occlusion, missing=Missing.skip))
    faces = load(cfg, workers)
    if faces.root is not None:
        for inner in {name.rpartition("/")[0] for name in faces.ids.tolist()}:
            folder.keep_apart(faces.root / inner, output)  # a folder of the source may be a link to elsewhere
    placement = place(cfg, faces)
    jobs = list_jobs(cfg, faces, placement)
    # landmarks that lie beside each picture are copied with it
    from_pictures = cfg.dataset is None or cfg.dataset.landmarks or not any(job.companions for job in jobs[:1])
    return Plan(cfg, faces, placement, jobs, with_landmarks=faces.landmarks is not None and bool(from_pictures))


def finished_table(plan: Plan, output: Path) -> pd.DataFrame | None:
    """Return the manifest of a copy that is complete, and print that it is; None where something is missing."""
    run = folder.finished_run(output)
    table = manifest.read(output) if run else None
    if table is None or (plan.with_landmarks and not (output / LANDMARKS).exists()):
        return None
    print(f"complete: {len(plan.jobs)} pictures in {output}; run {run} is its summary")
    return table


def write(plan: Plan, output: Path, workers: int) -> pd.DataFrame:
    """Write the missing pictures, the manifest and the landmarks; return the manifest."""
    cfg, faces, jobs = plan.cfg, plan.faces, plan.jobs
    quality, link = None if cfg.quality == "lossless" else int(cfg.quality), cfg.annotations == "link"
    settings = writer.CopySettings(faces.root, output, plan.placement, faces.sizes, quality, faces.pixels, link)
    failed = writer.write(jobs, settings, workers)
    table = manifest.build(cfg, faces, plan.placement, jobs, failed)
    try:
        manifest.write(table, output)
        if plan.with_landmarks:
            write_landmarks(faces, [job for job in jobs if job.target not in failed], output)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"cannot write into output={output}: {reason}; start again once that is solved") from error
    return table


def load(cfg: OccludeConfig, workers: int) -> Faces:
    """Return the faces to copy; what cannot be used is listed and is not fatal."""
    needs_landmarks = cfg.variant != "normal"
    if cfg.images:
        faces = unlabelled.load(Path(cfg.images).expanduser().absolute(), workers)
        return detect.complete(faces, workers) if needs_landmarks else faces
    assert cfg.dataset is not None  # one of the two is given
    dataset = replace(cfg.dataset, on_bad=OnBad.skip)
    if dataset.landmarks == AUTO and not needs_landmarks:
        dataset = replace(dataset, landmarks=None)
    return detect.load(dataset, size=SIZE, workers=workers)


def place(cfg: OccludeConfig, faces: Faces) -> Placement | None:
    """Place the occluder on each face; return None for an uncovered copy.

    Raises:
        DataError: there is no face to cover.
    """
    if cfg.variant == "normal":
        return None
    if cfg.images and faces.landmarks is None and cfg.occlusion.missing is not Missing.frame:
        raise DataError(
            f"images={cfg.images}: no face was found in {len(faces)} picture{'s' * (len(faces) != 1)}; if each is "
            "cropped to a face, say occlusion.missing=frame"
        )
    return place_occluder(faces.landmarks, faces.sizes, cfg.occlusion, faces.ids)


def list_jobs(cfg: OccludeConfig, faces: Faces, placement: Placement | None) -> list[writer.PictureJob]:
    """List every picture of the copy, by part and in natural file order.

    In the variant `mixed` the covered picture lies beside its face, and its name ends in `_occ`.

    Raises:
        DataError: two pictures would have the same name, since the dataset holds covered copies already.
    """
    jobs = []
    for part in ("train", "test"):
        rows = usable_rows(faces, placement, part)
        samples = build_samples(cfg.variant, rows, faces.labels[rows])
        for row, covered in zip(samples.rows.tolist(), samples.covered.tolist(), strict=True):
            parent, _, name = relative_path(faces, row).rpartition("/")
            stem, _, suffix = name.rpartition(".")
            new_stem = stem + OCCLUDED if covered and cfg.variant == "mixed" else stem
            target = f"{parent}/{new_stem}.{suffix}".removeprefix("/")
            source = None if faces.root is None else str(faces.ids[row])
            companions = affectnet.companions(parent) if source and faces.name == "affectnet" else ()
            jobs.append(writer.PictureJob(row, target, covered, source, companions))
    targets = Counter(job.target for job in jobs)
    if len(targets) < len(jobs):
        raise DataError(
            f"{targets.most_common(1)[0][0]} would be written twice: the dataset holds covered copies ({OCCLUDED}) "
            "already; leave them out of it, or say variant=occluded"
        )
    return jobs


def relative_path(faces: Faces, row: int) -> str:
    """Return a picture's path in the copy: its own, or one in a folder per part and class where it is not a file."""
    name = str(faces.ids[row])
    if faces.root is not None:
        return name
    return f"{faces.parts[row]}/{faces.classes[faces.labels[row]]}/{name.replace('/', '_')}.png"


def write_landmarks(faces: Faces, jobs: list[writer.PictureJob], output: Path) -> None:
    """Write the landmarks of these pictures, as `dataset.landmarks` takes them."""
    assert faces.landmarks is not None
    content = BytesIO()
    paths = np.array([job.target for job in jobs], dtype=str)
    np.savez(content, path=paths, landmarks=faces.landmarks[[job.row for job in jobs]])
    atomic.write(output / LANDMARKS, content.getvalue())
