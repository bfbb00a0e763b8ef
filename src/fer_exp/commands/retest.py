"""Checkpoints of a stored run, tested again: every epoch, another occluder, other faces of the same classes."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from omegaconf import OmegaConf
from rich.table import Table

from fer_exp import tracking
from fer_exp.commands import other_faces
from fer_exp.commands.predict_stored import predict_stored
from fer_exp.config.occlusion import with_changes
from fer_exp.config.training import METRICS
from fer_exp.errors import DataError
from fer_exp.evaluation.model_selection import compare_monitors
from fer_exp.evaluation.scores import named_metrics, score_test_sets
from fer_exp.inputs.source import covered_shares, describe_mask, describe_test_sets
from fer_exp.inputs.variants import own_test_set
from fer_exp.landmarks import detect
from fer_exp.reports import figures, run_report
from fer_exp.reports.tables import print_table
from fer_exp.system.workers import worker_count

if TYPE_CHECKING:
    from fer_exp.commands.question import Asked
    from fer_exp.config.commands import EvaluateConfig
    from fer_exp.config.occlusion import OcclusionConfig
    from fer_exp.config.train import TrainConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.evaluation.predictions import Predictions
    from fer_exp.evaluation.scores import Scores
    from fer_exp.inputs.source import Source

log = logging.getLogger(__name__)


def retest(cfg: EvaluateConfig, asked: Asked) -> None:
    """Answer one question to the run that was looked up, on the terminal and, beside its earlier results, in the run.

    `best` and `last` on the run's own test sets were logged by the run: they are computed again and compared.
    Anything else gets names of its own: `epoch/<test set>` with the epoch as step, `best.<what differs>/<test set>`.

    Raises:
        UserError: the faces have other classes, or are not what they were.
    """
    store, stored, trained, files = asked
    if cfg.mirror == trained.mirror:
        cfg = replace(cfg, mirror=None)  # it is no other question
    elif cfg.mirror is not None:
        trained = replace(trained, mirror=cfg.mirror)
    known = tracking.class_names(store, stored)
    tested = test_faces(cfg, trained, stored.data.tags["dataset.fingerprint"], known)
    source, faces = tested.source, tested.faces
    predictions = predict_stored(store, stored, files, source, trained, cfg.batch_size)
    if tested.classes != known:
        predictions = {epoch: of_epoch.among(tested.classes) for epoch, of_epoch in predictions.items()}
    results = {epoch: score_test_sets(of_epoch) for epoch, of_epoch in predictions.items()}
    with tracking.Recorder.for_finished(store, stored) as run:
        occluder = asked_occluder(cfg, trained)
        label = differing(cfg, tested, known, occluder)
        if label:
            further = describe_test_sets(cfg.tests, occluder) if cfg.tests else ""
            run.log_text(OmegaConf.to_yaml(OmegaConf.structured(cfg)) + further, f"questions/{label}.yaml")
            if mask := describe_mask(source):
                run.set_tags({f"occlusion.mask.{label}": mask})
                print(f"note: {mask}")
        if cfg.checkpoint in ("best", "last"):
            ((epoch, scores),) = results.items()
            if label:
                record_one(run, f"{cfg.checkpoint}.{label}", cfg, trained, source, predictions[epoch], scores)
            run_report.print_checkpoint(run, f"{cfg.checkpoint} (epoch {epoch})", scores, faces)
            if not label:
                print(agreement(stored.data.metrics, cfg.checkpoint, scores))
        else:
            name = f"epoch.{label}" if label else "epoch"
            run.set_tags({"looked_at_test_set": f"checkpoint={cfg.checkpoint}: for exploration, never for selection"})
            record_epochs(run, name, stored, predictions, results, own_test_set(trained.data.name))
            run_report.print_epochs(run, results, faces)
            if cfg.checkpoint == "all":
                explore(run, store, stored, name, results, faces)
    run_report.print_run_links(run)


def record_one(
    run: tracking.Recorder,
    name: str,
    cfg: EvaluateConfig,
    trained: TrainConfig,
    source: Source,
    predictions: Predictions,
    scores: dict[str, Scores],
) -> None:
    """Record a checkpoint's answer to a question that the run did not ask, under a name of its own."""
    run.log_metrics(named_metrics(name, scores, own_test_set(trained.data.name)))
    run_report.record_checkpoint(run, name, predictions, scores, source.faces.synthetic)
    occluder = asked_occluder(cfg, trained).name
    shares = covered_shares(source, source.rows("test"))
    run_report.record_severity(run, name, trained.data.name, occluder, scores, shares, source.faces)


class Tested(NamedTuple):
    """The faces that a question is about, how they are covered, and among which classes answers are taken."""

    source: Source
    classes: tuple[str, ...]
    every: bool

    @property
    def faces(self) -> Faces:
        """Return the table of faces."""
        return self.source.faces


def test_faces(cfg: EvaluateConfig, trained: TrainConfig, fingerprint: str, known: tuple[str, ...]) -> Tested:
    """Return the faces to test on: the run's own where `cfg` names no others.

    Args:
        cfg: the question.
        trained: the configuration of the run.
        fingerprint: of the faces that it was trained and tested on.
        known: its classes, in the order of its outputs.

    Raises:
        DataError: the run's own faces are not what they were, or other faces have hardly a class in common with it.
    """
    workers = worker_count(cfg.workers)
    classes, every = known, False
    if cfg.dataset is None:
        faces = detect.load(trained.dataset, size=trained.model.size, workers=workers)
        if faces.fingerprint != fingerprint:
            raise DataError(
                f"the faces of {faces.name} are not those that run={cfg.run} was trained and tested on (fingerprint "
                f"{faces.fingerprint[:12]}, not {fingerprint[:12]}): name them as others, dataset={faces.name}"
            )
    else:
        faces, classes, every = other_faces.load(cfg.dataset, trained.model.size, known, workers)
        other_faces.warn_of_trained_on(faces, trained, workers)
        if trained.dataset.degrade != cfg.dataset.degrade:
            log.warning("warning: the run had dataset.degrade=%s, these faces have not", trained.dataset.degrade)
    occlusion = asked_occluder(cfg, trained)
    # the run's own test sets are asked again with it alone
    tests = cfg.tests or (trained.tests if cfg.dataset is None and cfg.occlusion is None else [])
    source = other_faces.source_of(faces, trained, cfg.dataset or trained.dataset, occlusion, tests)
    if source.placement is None and (cfg.occlusion is not None or cfg.occlusion_changes):
        raise DataError(
            f"occlusion: no face of {faces.name} has landmarks, so that nothing says where an occluder belongs; give "
            "dataset.landmarks=FILE.npz, find them with dataset.landmarks=auto, or, for pictures cropped to the face, "
            "say occlusion.missing=frame"
        )
    return Tested(source, classes, every)


def asked_occluder(cfg: EvaluateConfig, trained: TrainConfig) -> OcclusionConfig:
    """Return what covers the faces: what `cfg` chooses, or the run's own occluder, with what `cfg` changes of it."""
    return cfg.occlusion or with_changes(trained.occlusion, cfg.occlusion_changes)


def differing(cfg: EvaluateConfig, tested: Tested, known: tuple[str, ...], occluder: OcclusionConfig) -> str:
    """Return what is not the run's own, in a word that metric names can hold: `quest2-1.5.3f9a1c`.

    `fer2013.7of8` are faces that have seven of the run's eight classes. The digits stand for all that was asked and for
    the faces themselves: another question has another name.
    """
    words = []
    if cfg.occlusion is not None:
        scale = "" if cfg.occlusion.scale == 1 else f"-{cfg.occlusion.scale:g}"
        words.append(f"{cfg.occlusion.name}{scale}")
    elif cfg.occlusion_changes:
        changed = ".".join(f"{key}-{value}" for key, value in sorted(cfg.occlusion_changes.items()))
        words.append(re.sub(r"[^\w.-]", "", f"{occluder.name}.{changed}"))
    if cfg.dataset is not None:
        words.append(cfg.dataset.name)
    if tested.classes != known:
        words.append(f"{len(tested.classes)}of{len(known)}")
    if cfg.mirror is not None:
        words.append("mirror" if cfg.mirror else "no-mirror")
    if cfg.tests:
        words.append("tests")
    if not words:
        return ""
    asked: dict[str, Any] = {"dataset": cfg.dataset, "occlusion": cfg.occlusion}
    asked |= {"every": True} if tested.every else {}
    asked |= {"changes": cfg.occlusion_changes} if cfg.occlusion_changes else {}
    asked |= {} if cfg.mirror is None else {"mirror": cfg.mirror}
    question = OmegaConf.to_yaml(OmegaConf.structured(asked))
    question += describe_test_sets(cfg.tests, occluder) if cfg.tests else ""
    return ".".join([*words, sha256((question + tested.faces.fingerprint).encode()).hexdigest()[:6]])


def agreement(logged: dict[str, float], checkpoint: str, by_set: dict[str, Scores]) -> str:
    """Return in words whether the accuracies are those that the run logged."""
    differences = {
        name: by_set[name].accuracy - logged[key]
        for name in by_set
        if (key := f"{checkpoint}/{name}") in logged and abs(by_set[name].accuracy - logged[key]) > 1e-4
    }
    if not differences:
        return "agrees with what the run logged"
    return "differs from what the run logged: " + ", ".join(f"{name} {d:+.4f}" for name, d in differences.items())


def record_epochs(
    run: tracking.Recorder,
    name: str,
    stored: tracking.Run,
    predictions: dict[int, Predictions],
    results: dict[int, dict[str, Scores]],
    own: str,
) -> None:
    """Record metrics with the epoch as step, and the predictions of each epoch; a repeat changes nothing."""
    for epoch, by_set in results.items():
        # the same time again: MLflow stores an equal point once
        run.log_metrics(named_metrics(name, by_set, own), epoch, at=stored.info.start_time)
        run.log_parquet(predictions[epoch].to_table(), f"predictions/{name}-{epoch:03d}.parquet")


def explore(
    run: tracking.Recorder,
    store: tracking.TrackingStore,
    stored: tracking.Run,
    name: str,
    results: dict[int, dict[str, Scores]],
    faces: Faces,
) -> None:
    """Record the curve of every epoch and which epoch each monitor would have picked."""
    sets = next(iter(results.values()))
    accuracy = {t: {epoch: by_set[t].accuracy for epoch, by_set in results.items()} for t in sets}
    history = {f"val_{m}": tracking.history(store, stored, f"val_{m}") for m in METRICS}
    choices = compare_monitors(history, accuracy)
    picks: dict[int, str] = {}
    for row in choices[choices["epoch"].isin(list(results))].itertuples(index=False):
        monitor = row[0].removeprefix("val_").replace("_", " ")
        picks[row.epoch] = f"{picks[row.epoch]}, {monitor}" if row.epoch in picks else monitor
    title = f"{run.name}, looked at the test set{run_report.synthetic_mark(faces.synthetic)}"
    run.log_figure(figures.tested_epochs(accuracy, picks, title), f"{name}/accuracy.png")
    run.log_table(choices.round(4).astype(object).where(choices.notna(), None), f"{name}/selection.json")
    table = Table(title="which epoch each choice picks, and its accuracy")
    for column in choices.columns:
        table.add_column(column, no_wrap=True)
    for row in choices.itertuples(index=False):
        table.add_row(
            *["" if pd.isna(v) else v if isinstance(v, str) else f"{v:.3f}" if v < 1 else str(v) for v in row]
        )
    print_table(table)
