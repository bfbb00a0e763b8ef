"""What a run records of its data before training."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_exp.config.dataset import AUTO
from fer_exp.datasets.duplicates import find_duplicates
from fer_exp.inputs.source import Source, covered_shares
from fer_exp.inputs.variants import Samples, build_samples
from fer_exp.reports import figures
from fer_exp.reports.landmark_sheet import draw_landmark_sheet
from fer_exp.reports.people import describe_people
from fer_exp.reports.problems import find_problems
from fer_exp.reports.tables import as_csv
from fer_exp.reports.twins import describe_twins, draw_twins

if TYPE_CHECKING:
    from fer_exp.config.inputs import InputsConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.datasets.twins import Twins
    from fer_exp.inputs.split import Split
    from fer_exp.tracking import Recorder

log = logging.getLogger(__name__)
SHOWN = 6  # faces per class in a picture of samples


def describe_inputs(run: Recorder, cfg: InputsConfig, source: Source, split: Split, twins: Twins) -> dict[str, float]:
    """Record what is known before training, but for pictures; return the covered share of each test set, 0..1."""
    rows = source.rows("test")
    shares = covered_shares(source, rows)
    run.log_metrics({f"covered_share/{name}": round(share, 4) for name, share in shares.items()})
    describe_data(run, source, split, rows, twins, cfg.occlusion.missing.value)
    return shares


def describe_data(run: Recorder, source: Source, split: Split, test: np.ndarray, twins: Twins, missing: str) -> None:
    """Log inputs, counts, exclusions and leaks of a run's data; warn of what a reader must know."""
    faces = source.faces
    counts = count_faces(source, split)
    location = str(faces.root or faces.name)
    for part, per_class in counts.items():
        profile = {"pictures": int(per_class.sum())} | dict(zip(faces.classes, per_class.tolist(), strict=True))
        run.log_input(f"{faces.name}-{part}", faces.fingerprint, location, profile, part)
    table = pd.DataFrame({"class": faces.classes} | counts)
    if source.placement is not None:
        table["without landmarks"] = faces.counts(np.flatnonzero(~source.placement.usable))
    run.log_table(table, "data/class_counts.json")
    for part in ("training", "test"):
        empty = [name for name, n in zip(faces.classes, counts[part], strict=True) if n == 0]
        if empty:
            log.warning("warning: there are no %s faces of: %s", part, ", ".join(empty))
    _describe_missing(run, source, missing)
    _describe_leaks(run, faces, split, test)
    describe_twins(run, faces, split, test, twins)
    describe_people(run, faces, split, test)
    _describe_problems(run, faces, twins)


def count_faces(source: Source, split: Split) -> dict[str, np.ndarray]:
    """Return the number of pictures per class, (classes,) int64, for training, validation and test."""
    rows = {"training": split.train.rows, "validation": split.validation.rows, "test": source.rows("test")}
    return {part: source.faces.counts(of_part) for part, of_part in rows.items()}


def draw_inputs(
    run: Recorder, cfg: InputsConfig, source: Source, split: Split, twins: Twins, workers: int | None
) -> None:
    """Record pictures of a run's data: counts, samples of each form, near duplicates, landmarks that were found."""
    faces, test = source.faces, source.rows("test")
    run.log_figure(figures.class_counts(faces.classes, count_faces(source, split)), "data/class_counts.png")
    for form in ("normal", "occluded") if source.placement is not None else ("normal",):
        samples = build_samples(form, test, faces.labels[test])
        run.log_figure(sample_faces(source, samples, f"test, {form}"), f"samples/{form}.png")
    title = f"training, {cfg.data.name} (before augmentation)"
    run.log_figure(sample_faces(source, split.train, title), "samples/training.png")
    draw_twins(run, faces, split, test, twins)
    if cfg.dataset.landmarks == AUTO:
        run.log_figure(draw_landmark_sheet(faces, source.placement, workers or 1), "data/landmarks.png")


def _describe_missing(run: Recorder, source: Source, rule: str) -> None:
    faces = source.faces
    tags = {"excluded": str(len(faces.excluded))}
    if faces.excluded:
        rows = [(e.id, e.label or "", e.reason) for e in faces.excluded]
        run.log_table(pd.DataFrame(rows, columns=["id", "class", "reason"]), "data/excluded.json")
        log.info("data/excluded.json in the run lists every face that was left out (%d)", len(rows))
    if source.placement is not None and (missing := int((~source.placement.usable).sum())):
        tags["landmarks.missing"] = str(missing)
        tags["landmarks.missing_rule"] = rule
        log.info("%d of %d faces have no usable landmarks: occlusion.missing=%s", missing, len(faces), rule)
    run.set_tags(tags)


def _describe_leaks(run: Recorder, faces: Faces, split: Split, test: np.ndarray) -> None:
    rows = {"training": np.unique(split.train.rows), "validation": np.unique(split.validation.rows), "test": test}
    duplicates = find_duplicates(faces.digests, rows, faces.ids)
    run.set_tags({f"duplicates.{name}": n for name, n in duplicates.counts().items()})
    for line in duplicates.lines():
        log.warning("warning: %s", line)


def _describe_problems(run: Recorder, faces: Faces, twins: Twins) -> None:
    problems = find_problems(faces, twins)
    if not problems.empty:
        run.log_text(as_csv(problems), "data/problems.csv")
        counts = "; ".join(f"{problem}: {n}" for problem, n in problems["problem"].value_counts().items())
        log.warning("warning: data/problems.csv in the run names faces to look at (%s)", counts)


def sample_faces(source: Source, samples: Samples, title: str) -> figures.Figure:
    """Draw the first faces of each class as the network gets them."""
    from fer_exp.inputs.batches import batches  # TensorFlow takes seconds that not every report needs

    faces = source.faces
    labels = faces.labels[samples.rows]
    first = np.concatenate([np.flatnonzero(labels == label)[:SHOWN] for label in range(len(faces.classes))])
    images = np.concatenate([image for image, _ in batches(source, samples.take(first), 64).as_numpy_iterator()])
    by_class = {name: images[labels[first] == label] for label, name in enumerate(faces.classes)}
    return figures.samples(faces.classes, by_class, f"{faces.name}: {title}")
