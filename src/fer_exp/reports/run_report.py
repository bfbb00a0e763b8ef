"""What a run records and prints: its curves and its results."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd
from rich.table import Table

from fer_exp.evaluation import reproduction
from fer_exp.evaluation.calibration import scale
from fer_exp.evaluation.scores import accuracy_without, named_metrics, recall_table, score_test_sets
from fer_exp.evaluation.statistics import reliability
from fer_exp.inputs.source import Source
from fer_exp.inputs.variants import is_degraded, on_curve, own_test_set
from fer_exp.reports import figures
from fer_exp.reports.subgroups import record_subgroups
from fer_exp.reports.tables import escape_markdown, markdown_table, print_table
from fer_exp.tracking import ui_port

if TYPE_CHECKING:
    import keras

    from fer_exp.config.inputs import InputsConfig
    from fer_exp.config.published import PublishedConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.datasets.twins import Twins
    from fer_exp.evaluation.own_metrics import OwnMetric
    from fer_exp.evaluation.predictions import Predictions
    from fer_exp.evaluation.scores import Scores
    from fer_exp.inputs.split import Split
    from fer_exp.tracking import Recorder
    from fer_exp.training.checkpoints import Checkpoints

log = logging.getLogger(__name__)
DESCRIPTION = "mlflow.note.content"  # the tag that MLflow shows as a run's description
NOTHING: Mapping[str, Mapping[str, float]] = MappingProxyType({})
NO_EPOCHS: Mapping[str, int] = MappingProxyType({})


def synthetic_mark(synthetic: bool) -> str:
    """Return an ending for titles that do not name the dataset: the numbers of built-in faces are always marked."""
    return " (synthetic)" if synthetic else ""


def record_results(
    run: Recorder,
    cfg: InputsConfig,
    published: PublishedConfig,
    predictions: Mapping[str, Predictions],
    checkpoints: Checkpoints,
    shares: Mapping[str, float],
    faces: Faces,
    twins: Twins,
    metrics: Sequence[OwnMetric],
) -> str:
    """Record the scores of each checkpoint as metrics, tables and pictures, beside the numbers that a study printed.

    Returns:
        The run's description: the closing table as markdown.
    """
    results = {name: score_test_sets(of_checkpoint, metrics) for name, of_checkpoint in predictions.items()}
    for name, epoch in checkpoints.epochs.items():
        about = {"data": cfg.data.name, "file": f"checkpoints/{checkpoints.path(epoch).name}"}
        test_metrics = named_metrics(name, results[name], own_test_set(cfg.data.name))
        run.log_model(name, epoch, about, test_metrics, faces.fingerprint)
        run.log_metrics(accuracy_without(name, predictions[name], faces.ids[twins.test]))
        record_checkpoint(run, name, predictions[name], results[name], faces.synthetic)
        record_severity(run, name, cfg.data.name, cfg.occlusion.name, results[name], shares, faces)
    printed = reproduction.printed_numbers(published, cfg, faces)
    run.log_metrics(reproduction.distances(results, printed))
    title = f"{run.name} on {faces.name}, {next(iter(results['best'].values())).n} test faces"
    title += " and their mirror images" if cfg.mirror else ""
    text = print_results(title, results, checkpoints.epochs, printed)
    run.set_tags({DESCRIPTION: text})
    return text


def record_calibration(
    run: Recorder, predictions: Mapping[str, Predictions], temperatures: Mapping[str, float]
) -> None:
    """Record each checkpoint's temperature, and its calibration error as it is and at that temperature."""
    for name, temperature in temperatures.items():
        values = {f"{name}_temperature": temperature}
        for test_set in predictions[name].test_sets:
            raw, labels = predictions[name].on(test_set), predictions[name].labels
            values[f"{name}_ece/{test_set}"] = reliability(raw, labels).error
            values[f"{name}_ece_scaled/{test_set}"] = reliability(scale(raw, temperature), labels).error
        run.log_metrics({key: round(value, 4) for key, value in values.items()})


def log_start(run: Recorder, model: keras.Model, split: Split, source: Source) -> None:
    """Log one line that says what is about to happen."""
    log.info(
        "%s on %s: %d training, %d validation pictures, %d test faces, %d classes, %s parameters",
        run.name,
        source.faces.name,
        len(split.train),
        len(split.validation),
        len(source.rows("test")),
        len(source.faces.classes),
        f"{model.count_params():,}".replace(",", " "),
    )


def draw_curves(run: Recorder, history: Sequence[Mapping[str, float]], best_epoch: int) -> None:
    """Draw the training curves so far."""
    run.log_figure(figures.curves(history, best_epoch), "training_curves.png")


def record_checkpoint(
    run: Recorder, checkpoint: str, predictions: Predictions, by_set: dict[str, Scores], synthetic: bool
) -> None:
    """Record predictions per face, recall per class, accuracy per value of the metadata and confusion matrices."""
    run.log_parquet(predictions.to_table(), f"predictions/{checkpoint}.parquet")
    run.log_table(recall_table(by_set, predictions.classes), f"{checkpoint}/recall.json")
    record_subgroups(run, checkpoint, predictions)
    for name, of_set in by_set.items():
        title = f"{run.name}, {checkpoint}, tested on {name}{synthetic_mark(synthetic)}"
        run.log_figure(
            figures.confusion(predictions.classes, of_set.confusion, title), f"{checkpoint}/confusion_{name}.png"
        )


def record_severity(
    run: Recorder,
    checkpoint: str,
    variant: str,
    occluder: str,
    by_set: dict[str, Scores],
    shares: Mapping[str, float],
    faces: Faces,
) -> None:
    """Record accuracy against the covered share of the face, where a checkpoint was tested on more than its own bar."""
    rows = [
        (variant, name, on_curve(name, occluder), share, by_set[name].accuracy, *by_set[name].interval)
        for name, share in sorted({"normal": 0.0, **shares}.items(), key=lambda item: item[1])
        if not is_degraded(name)
    ]
    if len(rows) > 2:
        columns = ["trained_on", "tested_on", "curve", "covered_share", "accuracy", "low", "high"]
        table = pd.DataFrame(rows, columns=columns)
        run.log_table(table.round(4), f"{checkpoint}/severity.json")
        title = f"{run.name}, {checkpoint}{synthetic_mark(faces.synthetic)}"
        run.log_figure(figures.severity(table, title), f"{checkpoint}/severity.png")


def print_results(
    title: str,
    results: Mapping[str, Mapping[str, Scores]],
    epochs: Mapping[str, int] = NO_EPOCHS,
    published: Mapping[str, Mapping[str, float]] = NOTHING,
    who: str = "checkpoint",
) -> str:
    """Print scores (by whose they are, then by test set) as a table; return it as markdown.

    Args:
        title: of the table.
        results: the scores of each checkpoint, or of whoever else `who` says.
        epochs: of the checkpoints.
        published: what a study printed.
        who: the head of the column that names them.
    """
    head = [who, "tested on", "accuracy", "95 % interval", "balanced acc.", "macro F1"]
    head += ["published"] * bool(published)
    lines = []
    for checkpoint, by_set in results.items():
        for name, of_set in by_set.items():
            epoch = f" (epoch {epochs[checkpoint]})" if checkpoint in epochs else ""
            line = [f"{checkpoint}{epoch}", name, *_numbers(of_set)]
            if published:
                printed = published.get(checkpoint, {}).get(name)
                line.append("" if printed is None else f"{printed:.3f} ({of_set.accuracy - printed:+.3f})")
            lines.append(line)
    table = Table(title=title)
    for name in head:
        table.add_column(name, justify="left" if name in head[:2] else "right", no_wrap=True)
    for i, line in enumerate(lines):
        table.add_row(*line, end_section=i + 1 < len(lines) and line[0] != lines[i + 1][0])
    print_table(table)
    escaped = [[escape_markdown(text) for text in line] for line in lines]
    return f"{escape_markdown(title)}\n\n{markdown_table(head, escaped)}"


def print_checkpoint(run: Recorder, checkpoint: str, by_set: dict[str, Scores], faces: Faces) -> None:
    """Print the results of one checkpoint."""
    shown = _table(run, faces, ("checkpoint", "tested on", "accuracy", "95 % interval", "balanced acc.", "macro F1"))
    for name, of_set in by_set.items():
        shown.add_row(checkpoint, name, *_numbers(of_set))
    print_table(shown)


def _numbers(of_set: Scores) -> tuple[str, ...]:
    """Return accuracy, its interval, balanced accuracy and macro F1 as text."""
    interval = f"{of_set.interval.low:.3f} to {of_set.interval.high:.3f}"
    return f"{of_set.accuracy:.3f}", interval, f"{of_set.balanced_accuracy:.3f}", f"{of_set.macro_f1:.3f}"


def print_epochs(run: Recorder, results: dict[int, dict[str, Scores]], faces: Faces) -> None:
    """Print the accuracy of each epoch."""
    sets = list(next(iter(results.values())))
    shown = _table(run, faces, ("epoch", *sets))
    for epoch, by_set in results.items():
        shown.add_row(str(epoch), *(f"{by_set[name].accuracy:.3f}" for name in sets))
    print_table(shown)


def _table(run: Recorder, faces: Faces, columns: tuple[str, ...]) -> Table:
    shown = Table(title=f"{run.name} on {faces.name}{synthetic_mark(faces.synthetic)}")
    for name in columns:
        shown.add_column(name, no_wrap=True)
    return shown


def print_run_links(run: Recorder) -> None:
    """Print the run's name, and how to look at it."""
    store = run.store
    print(f"\nrun       {run.name}  {run.id}")
    if not run.is_on_server or store.experiment_id is None:
        return
    if store.is_local:
        command = store.ui_command()
        port = "" if "--port" in command else f"serves on port {ui_port()}; "
        print(f"look      {command}     {port}then open")
    print(f"runs      {store.url()}\nthis run  {store.url(f'runs/{run.id}')}")
