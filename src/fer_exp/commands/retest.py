"""Checkpoints of a stored run, tested again: every epoch, another occluder, other faces of the same classes."""

from __future__ import annotations

import logging
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from omegaconf import OmegaConf
from rich.table import Table

from fer_exp import tracking
from fer_exp.config.compose import from_stored
from fer_exp.config.training import METRICS
from fer_exp.errors import DataError, UserError
from fer_exp.evaluation import model_selection as selection
from fer_exp.evaluation import predictions as predicting
from fer_exp.evaluation import scores as evaluation
from fer_exp.inputs import source as sources
from fer_exp.inputs.source import covered_shares, described
from fer_exp.inputs.variants import own_test_set
from fer_exp.landmarks import detect as landmarks
from fer_exp.reports import figures
from fer_exp.reports import run as report
from fer_exp.reports.tables import show
from fer_exp.system.workers import worker_count
from fer_exp.training.checkpoints import load

if TYPE_CHECKING:
    from fer_exp.config.commands import EvaluateConfig
    from fer_exp.config.occlusion import OcclusionConfig
    from fer_exp.config.train import TrainConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.evaluation.predictions import Predictions
    from fer_exp.evaluation.scores import Scores
    from fer_exp.inputs.source import Source

log = logging.getLogger(__name__)


def retest(cfg: EvaluateConfig) -> None:
    """Answer one question to one run, on the terminal and, beside its earlier results, in the run.

    `best` and `last` on the run's own test sets were logged by the run: they are computed again and compared.
    Anything else gets names of its own: `epoch/<test set>` with the epoch as step, `best.<what differs>/<test set>`.

    Raises:
        UserError: no such run or checkpoint, or the faces have other classes.
    """
    place = tracking.open_place(cfg.tracking.uri, cfg.tracking.experiment)
    place, stored = tracking.find_run(place, cfg.run)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        trained = from_stored(tracking.told(place, stored))
        files = tracking.checkpoint_files(place, stored, cfg.checkpoint)
        known = class_names(tracking.fetch(place, stored, "data/class_counts.json", folder))
        faces, source = test_faces(cfg, trained, stored.data.tags["dataset.fingerprint"])
        if faces.classes != known:
            raise DataError(
                f"run={cfg.run} knows the classes {', '.join(known)}; {faces.name} has {', '.join(faces.classes)}. "
                "dataset.classes names and orders them"
            )
        models = {epoch: load(tracking.fetch(place, stored, file, folder)) for epoch, file in files.items()}
        rows = faces.rows("test")
        if source.cover is not None:
            rows = rows[source.cover.keep[rows]]
        predictions = predicting.predict(models, source, rows, cfg.batch_size)
    results = {epoch: evaluation.scores(p) for epoch, p in predictions.items()}
    with tracking.Recorder.beside(place, stored) as run:
        label = differing(cfg, faces, trained.occlusion)
        if label:
            further = described(cfg.tests, trained.occlusion) if cfg.tests else ""
            run.text(OmegaConf.to_yaml(OmegaConf.structured(cfg)) + further, f"questions/{label}.yaml")
        own = own_test_set(trained.data.name)
        if cfg.checkpoint in ("best", "last"):
            epoch = next(iter(results))
            if label:
                name = f"{cfg.checkpoint}.{label}"
                run.metrics(evaluation.metrics(name, results[epoch], own))
                report.record_checkpoint(run, name, predictions[epoch], results[epoch], faces)
                occlusion = cfg.occlusion or trained.occlusion
                shares = covered_shares(source, rows)
                report.record_severity(run, name, trained.data.name, occlusion.name, results[epoch], shares, faces)
            report.say_one(run, f"{cfg.checkpoint} (epoch {epoch})", results[epoch], faces)
            if not label:
                print(agreement(stored.data.metrics, cfg.checkpoint, results[epoch]))
        else:
            name = f"epoch.{label}" if label else "epoch"
            record_epochs(run, name, stored, predictions, results, own)
            report.say_epochs(run, results, faces)
            if cfg.checkpoint == "all":
                explore(run, place, stored, name, results, faces)
    report.say_where(run)


def test_faces(cfg: EvaluateConfig, trained: TrainConfig, fingerprint: str) -> tuple[Faces, Source]:
    """The faces to test on, and how they are covered: the run's own where `cfg` names no others.

    Raises:
        DataError: the run's own faces are not what they were.
    """
    workers = worker_count(cfg.workers)
    size = trained.model.size
    faces = landmarks.load(cfg.dataset or trained.dataset, size=size, workers=workers)
    if cfg.dataset is None and faces.fingerprint != fingerprint:
        raise DataError(
            f"the faces of {faces.name} are not those that run={cfg.run} was trained and tested on (fingerprint "
            f"{faces.fingerprint[:12]}, not {fingerprint[:12]}): name them as others, dataset={faces.name}"
        )
    if cfg.dataset is not None:
        warn_of_known(faces, trained, workers)
        if trained.dataset.degrade != cfg.dataset.degrade:
            log.warning("warning: the run had dataset.degrade=%s, these faces have not", trained.dataset.degrade)
    occlusion = cfg.occlusion or trained.occlusion
    # the run's own test sets are asked again with it alone
    tests = cfg.tests or (trained.tests if cfg.dataset is None and cfg.occlusion is None else [])
    # the variant was of training: faces without landmarks can be tested uncovered, whatever it was
    data = replace(trained.data, name="normal")
    asked = replace(trained, data=data, dataset=cfg.dataset or trained.dataset, occlusion=occlusion, tests=tests)
    return faces, sources.of(faces, asked)


def warn_of_known(faces: Faces, trained: TrainConfig, workers: int) -> None:
    """Say how many of the faces to test on are among those that the run was trained on."""
    try:
        own = landmarks.load(trained.dataset, size=trained.model.size, workers=workers)
    except UserError as error:
        log.warning("warning: not checked whether these faces occur in the run's training part: %s", error)
        return
    known = np.isin(faces.digests[faces.rows("test")], own.digests[own.rows("train")]).sum()
    if known:
        log.warning("warning: %d of the faces tested on also occur in the run's training part", known)


def class_names(counts: Path) -> tuple[str, ...]:
    """The classes of a run, in the order of its outputs, from its table of counts."""
    return tuple(pd.read_json(counts, orient="split")["class"])


def differing(cfg: EvaluateConfig, faces: Faces, own: OcclusionConfig) -> str:
    """What is not the run's own, in a word that metric names can hold: `quest2-1.5.3f9a1c`.

    The digits stand for all that was asked and for the faces themselves: another question has another name.
    """
    words = []
    if cfg.occlusion is not None:
        scale = "" if cfg.occlusion.scale == 1 else f"-{cfg.occlusion.scale:g}"
        words.append(f"{cfg.occlusion.name}{scale}")
    if cfg.dataset is not None:
        words.append(cfg.dataset.name)
    if cfg.tests:
        words.append("tests")
    if not words:
        return ""
    asked = {"dataset": cfg.dataset, "occlusion": cfg.occlusion}
    question = OmegaConf.to_yaml(OmegaConf.structured(asked)) + (described(cfg.tests, own) if cfg.tests else "")
    return ".".join([*words, sha256((question + faces.fingerprint).encode()).hexdigest()[:6]])


def agreement(logged: dict[str, float], checkpoint: str, by_set: dict[str, Scores]) -> str:
    """Whether the accuracies are those that the run logged."""
    apart = {
        name: by_set[name].accuracy - logged[key]
        for name in by_set
        if (key := f"{checkpoint}/{name}") in logged and abs(by_set[name].accuracy - logged[key]) > 1e-4
    }
    if not apart:
        return "agrees with what the run logged"
    return "differs from what the run logged: " + ", ".join(f"{name} {d:+.4f}" for name, d in apart.items())


def record_epochs(
    run: tracking.Recorder,
    name: str,
    stored: tracking.Run,
    predictions: dict[int, Predictions],
    results: dict[int, dict[str, Scores]],
    own: str,
) -> None:
    """Metrics with the epoch as step, and the predictions of each epoch; a repeat changes nothing."""
    for epoch, by_set in results.items():
        # the same time again: MLflow stores an equal point once
        run.metrics(evaluation.metrics(name, by_set, own), epoch, at=stored.info.start_time)
        run.frame(predictions[epoch].table(), f"predictions/{name}-{epoch:03d}.parquet")


def explore(
    run: tracking.Recorder,
    place: tracking.Place,
    stored: tracking.Run,
    name: str,
    results: dict[int, dict[str, Scores]],
    faces: Faces,
) -> None:
    """The curve of every epoch, and which epoch each monitor would have picked; marks the run."""
    run.tags({"looked_at_test_set": "checkpoint=all: for exploration, never for selection"})
    sets = next(iter(results.values()))
    accuracy = {t: {epoch: by_set[t].accuracy for epoch, by_set in results.items()} for t in sets}
    history = {f"val_{m}": tracking.history(place, stored, f"val_{m}") for m in METRICS}
    found = selection.table(history, accuracy)
    picks: dict[int, str] = {}
    for row in found[found["epoch"].isin(list(results))].itertuples(index=False):
        said = row[0].removeprefix("val_").replace("_", " ")
        picks[row.epoch] = f"{picks[row.epoch]}, {said}" if row.epoch in picks else said
    title = f"{run.name}, looked at the test set{report.mark(faces)}"
    run.figure(figures.tested_epochs(accuracy, picks, title), f"{name}/accuracy.png")
    run.table(found.round(4).astype(object).where(found.notna(), None), f"{name}/selection.json")
    shown = Table(title="which epoch each choice picks, and its accuracy", title_justify="left")
    for column in found.columns:
        shown.add_column(column, no_wrap=True)
    for row in found.itertuples(index=False):
        shown.add_row(
            *["" if pd.isna(v) else v if isinstance(v, str) else f"{v:.3f}" if v < 1 else str(v) for v in row]
        )
    show(shown)
