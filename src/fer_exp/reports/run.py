"""What a run writes down and says: its data, its curves, its results."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.table import Table

from fer_exp.datasets.duplicates import leaks
from fer_exp.evaluation import scores as evaluation
from fer_exp.inputs.source import Source
from fer_exp.inputs.variants import Items, is_degraded, items, on_curve
from fer_exp.reports import figures
from fer_exp.reports.problems import problems
from fer_exp.reports.tables import markdown, show

if TYPE_CHECKING:
    import keras

    from fer_exp.datasets.faces import Faces
    from fer_exp.evaluation.predictions import Predictions
    from fer_exp.evaluation.scores import Scores
    from fer_exp.inputs.split import Split
    from fer_exp.tracking import Recorder

log = logging.getLogger(__name__)
SHOWN = 6  # faces per class in a picture of samples


def mark(faces: Faces) -> str:
    """Words for titles that do not name the dataset: the numbers of built-in faces are marked wherever they appear."""
    return " (synthetic)" if faces.synthetic else ""


def describe_data(run: Recorder, source: Source, split: Split, test: np.ndarray, variant: str, missing: str) -> None:
    """Log inputs, counts, exclusions, leaks and sample pictures of a run's data; warn of what a reader must know."""
    faces = source.faces
    counts = {
        "training": faces.counts(split.train.rows),
        "validation": faces.counts(split.validation.rows),
        "test": faces.counts(test),
    }
    where = str(faces.root or faces.name)
    for part, per_class in counts.items():
        profile = {"pictures": int(per_class.sum())} | dict(zip(faces.classes, per_class.tolist(), strict=True))
        run.dataset(f"{faces.name}-{part}", faces.fingerprint, where, profile, part)
    table = pd.DataFrame({"class": faces.classes} | counts)
    if source.cover is not None:
        table["without landmarks"] = faces.counts(np.flatnonzero(~source.cover.usable))
    run.table(table, "data/class_counts.json")
    run.figure(figures.class_counts(faces.classes, counts), "data/class_counts.png")
    for part in ("training", "test"):
        empty = [name for name, n in zip(faces.classes, counts[part], strict=True) if n == 0]
        if empty:
            log.warning("warning: no %s faces of: %s", part, ", ".join(empty))
    _describe_missing(run, source, missing)
    _describe_leaks(run, faces, split, test)
    _describe_problems(run, faces)
    forms = ("normal", "occluded") if source.cover is not None else ("normal",)
    for form in forms:
        run.figure(sample_faces(source, items(form, test, faces.labels[test]), f"test, {form}"), f"samples/{form}.png")
    title = f"training, {variant} (before augmentation)"
    run.figure(sample_faces(source, split.train, title), "samples/training.png")


def _describe_missing(run: Recorder, source: Source, rule: str) -> None:
    faces = source.faces
    found = {"excluded": str(len(faces.excluded))}
    if faces.excluded:
        listed = [(e.id, e.label or "", e.reason) for e in faces.excluded]
        run.table(pd.DataFrame(listed, columns=["id", "class", "reason"]), "data/excluded.json")
        log.info("data/excluded.json in the run lists all %d that were left out", len(listed))
    if source.cover is not None and (missing := int((~source.cover.usable).sum())):
        found["landmarks.missing"] = str(missing)
        found["landmarks.missing_rule"] = rule
        log.info("%d of %d faces have no usable landmarks: occlusion.missing=%s", missing, len(faces), rule)
    run.tags(found)


def _describe_leaks(run: Recorder, faces: Faces, split: Split, test: np.ndarray) -> None:
    rows = {"training": np.unique(split.train.rows), "validation": np.unique(split.validation.rows), "test": test}
    found = leaks(faces.digests, rows, faces.ids)
    run.tags({f"duplicates.{name}": n for name, n in found.counts().items()})
    for line in found.lines():
        log.warning("warning: %s", line)


def _describe_problems(run: Recorder, faces: Faces) -> None:
    found = problems(faces)
    if not found.empty:
        run.text(found.to_csv(index=False), "data/problems.csv")
        counts = "; ".join(f"{problem}: {n}" for problem, n in found["problem"].value_counts().items())
        log.warning("warning: data/problems.csv in the run names faces to look at (%s)", counts)


def sample_faces(source: Source, pictures: Items, title: str):
    """The first faces of each class as the network gets them."""
    from fer_exp.inputs.batches import batches  # TensorFlow takes seconds that not everyone who reports needs

    faces = source.faces
    labels = faces.labels[pictures.rows]
    at = [np.flatnonzero(labels == label)[:SHOWN] for label in range(len(faces.classes))]
    chosen = np.concatenate(at)
    images = np.concatenate([image for image, _ in batches(source, pictures.take(chosen), 64).as_numpy_iterator()])
    by_class = {name: images[labels[chosen] == label] for label, name in enumerate(faces.classes)}
    return figures.samples(faces.classes, by_class, f"{faces.name}: {title}")


def say_start(run: Recorder, model: keras.Model, split: Split, test: np.ndarray, faces: Faces) -> None:
    """One line: what is about to happen."""
    log.info(
        "%s on %s: %d training, %d validation pictures, %d test faces, %d classes, %s parameters",
        run.name,
        faces.name,
        len(split.train),
        len(split.validation),
        len(test),
        len(faces.classes),
        f"{model.count_params():,}".replace(",", " "),
    )


def draw_curves(run: Recorder, history: Sequence[Mapping[str, float]], best_epoch: int) -> None:
    """The training curves so far."""
    run.figure(figures.curves(history, best_epoch), "training_curves.png")


def record_checkpoint(
    run: Recorder, checkpoint: str, predictions: Predictions, by_set: dict[str, Scores], faces: Faces
) -> None:
    """Predictions per face, recall per class and confusion matrices of a checkpoint."""
    run.frame(predictions.table(), f"predictions/{checkpoint}.parquet")
    run.table(evaluation.recall_table(by_set, predictions.classes), f"{checkpoint}/recall.json")
    for name, scores in by_set.items():
        title = f"{run.name}, {checkpoint}, tested on {name}{mark(faces)}"
        run.figure(figures.confusion(faces.classes, scores.confusion, title), f"{checkpoint}/confusion_{name}.png")


def record_severity(
    run: Recorder,
    checkpoint: str,
    variant: str,
    occluder: str,
    by_set: dict[str, Scores],
    shares: Mapping[str, float],
    faces: Faces,
) -> None:
    """Accuracy against the covered share of the face, where a checkpoint was tested on more than its own bar."""
    rows = [
        (variant, name, on_curve(name, occluder), share, by_set[name].accuracy, *by_set[name].interval)
        for name, share in sorted({"normal": 0.0, **shares}.items(), key=lambda item: item[1])
        if not is_degraded(name)
    ]
    if len(rows) > 2:
        columns = ["trained_on", "tested_on", "curve", "covered_share", "accuracy", "low", "high"]
        table = pd.DataFrame(rows, columns=columns)
        run.table(table.round(4), f"{checkpoint}/severity.json")
        run.figure(figures.severity(table, f"{run.name}, {checkpoint}{mark(faces)}"), f"{checkpoint}/severity.png")


def say_results(
    run: Recorder,
    results: dict[str, dict[str, Scores]],
    epochs: dict[str, int],
    faces: Faces,
    published: dict[str, dict[str, float]],
) -> None:
    """The closing table, on the terminal and as the run's description."""
    head = ["checkpoint", "tested on", "accuracy", "95 % interval", "balanced acc.", "macro F1"]
    head += ["published"] * bool(published)
    lines = []
    for checkpoint, by_set in results.items():
        for name, s in by_set.items():
            line = [f"{checkpoint} (epoch {epochs[checkpoint]})", name, f"{s.accuracy:.3f}"]
            line += [f"{s.interval.low:.3f} to {s.interval.high:.3f}"]
            line += [f"{s.balanced_accuracy:.3f}", f"{s.macro_f1:.3f}"]
            if published:
                printed = published.get(checkpoint, {}).get(name)
                line.append("" if printed is None else f"{printed:.3f} ({s.accuracy - printed:+.3f})")
            lines.append(line)
    title = f"{run.name} on {faces.name}, {next(iter(results['best'].values())).n} test faces"
    table = Table(title=title, title_justify="left")
    for name in head:
        table.add_column(name, justify="left" if name in head[:2] else "right", no_wrap=True)
    for i, line in enumerate(lines):
        table.add_row(*line, end_section=i + 1 < len(lines) and line[0] != lines[i + 1][0])
    show(table)
    run.tags({"mlflow.note.content": f"{title}\n\n{markdown(head, lines)}"})


def say_one(run: Recorder, checkpoint: str, by_set: dict[str, Scores], faces: Faces) -> None:
    """One checkpoint on the terminal."""
    shown = _table(run, faces, ("checkpoint", "tested on", "accuracy", "95 % interval", "balanced acc.", "macro F1"))
    for name, s in by_set.items():
        interval = f"{s.interval.low:.3f} to {s.interval.high:.3f}"
        numbers = (f"{s.accuracy:.3f}", interval, f"{s.balanced_accuracy:.3f}", f"{s.macro_f1:.3f}")
        shown.add_row(checkpoint, name, *numbers)
    show(shown)


def say_epochs(run: Recorder, results: dict[int, dict[str, Scores]], faces: Faces) -> None:
    """The accuracy of each epoch on the terminal."""
    sets = list(next(iter(results.values())))
    shown = _table(run, faces, ("epoch", *sets))
    for epoch, by_set in results.items():
        shown.add_row(str(epoch), *(f"{by_set[name].accuracy:.3f}" for name in sets))
    show(shown)


def _table(run: Recorder, faces: Faces, columns: tuple[str, ...]) -> Table:
    shown = Table(title=f"{run.name} on {faces.name}{mark(faces)}", title_justify="left")
    for name in columns:
        shown.add_column(name, no_wrap=True)
    return shown


def say_where(run: Recorder) -> None:
    """The run's name, and how to look at it."""
    place = run.place
    print(f"\nrun       {run.name}  {run.id}")
    if not run.is_delivered or place.experiment_id is None:
        return
    if place.is_local:
        print(f"look      {place.ui_command()}     then open")
    print(f"runs      {place.url()}\nthis run  {place.url(f'runs/{run.id}')}")
