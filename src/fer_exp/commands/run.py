"""The main job: faces -> variant -> model -> test sets -> one MLflow run."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from omegaconf import OmegaConf

from fer_exp import models
from fer_exp.commands import reuse as repeats
from fer_exp.config.dataset import AUTO
from fer_exp.config.train import TrainConfig
from fer_exp.datasets.faces import Faces
from fer_exp.errors import ConfigError, UserError
from fer_exp.evaluation import predictions as predicting
from fer_exp.evaluation import reproduction
from fer_exp.evaluation import scores as evaluation
from fer_exp.inputs import features, split
from fer_exp.inputs import source as sources
from fer_exp.inputs.source import Source
from fer_exp.inputs.variants import own_test_set
from fer_exp.landmarks import detect as landmarks
from fer_exp.models.pretrained import sha256 as sha256_of
from fer_exp.reports import figures
from fer_exp.reports import run as report
from fer_exp.reports.landmark_sheet import sheet
from fer_exp.system.paths import PACKAGE, ROOT
from fer_exp.system.workers import worker_count
from fer_exp.tracking import Place, Recorder, Unanswered, close_dead, deliver_left, open_place, provenance
from fer_exp.training.checkpoints import Checkpoints, load, need_space
from fer_exp.training.fit import fit, seed_everything
from fer_exp.training.state import State, latest

log = logging.getLogger(__name__)

# keys that change nothing of a result, and keys that no run keeps
UNRELATED = ("tracking", "workers")
UNRECORDED = ("published", "force", "resume", "resume_changes")
CHOICES = ("data", "dataset", "model", "optimizer", "augmentation", "occlusion")


class Prepared(NamedTuple):
    """What a run needs before it is one."""

    base: keras.Model | None
    weights: str  # SHA-256, or none
    faces: Faces
    source: Source
    parts: dict[str, np.ndarray]
    by: split.Split


def train(cfg: TrainConfig, resolved: dict[str, Any], overrides: list[str], sweep_id: str | None = None) -> str:
    """One run, from the configuration to the table of results; returns its id.

    Args:
        cfg: the typed configuration.
        resolved: the same as plain data, for the record.
        overrides: the words of the command line.
        sweep_id: of the sweep that this run belongs to.

    Raises:
        UserError: something the user can mend; the run, if it began, is FAILED and keeps what it had.
    """
    place = open_place(cfg.tracking.uri, cfg.tracking.experiment, must_answer=False)
    tidy(place)
    ready = prepare(cfg)
    name = f"{cfg.model.name}-{cfg.data.name}-s{cfg.seed}"
    about = tags(cfg, resolved, ready, overrides, sweep_id)
    known = repeats.known(place, about) if sweep_id and not cfg.force else None
    if known and known.info.status == "FINISHED":
        print(
            f"skipped: {known.info.run_name} ({known.info.run_id}) finished before with the same configuration, faces "
            "and code; force=true runs it again"
        )
        with Recorder.beside(place, known) as run:
            run.tags({f"also_in.{sweep_id}": "true"})
        return known.info.run_id
    if known:
        begun = latest(place.state_of(known))
        with recorded(Recorder.resumed(place, known, {f"also_in.{sweep_id}": "true"})) as run:
            print(f"goes on: {run.name} ({run.id}) after epoch {begun.epoch if begun else 0}")
            learn(run, cfg, resolved, ready, begun)
    else:
        with recorded(Recorder.new(place, name, about)) as run:
            learn(run, cfg, resolved, ready)
    return run.id


def tidy(place: Place) -> None:
    """See to what processes that are gone have left: records that the server did not get, runs without an end."""
    if place.experiment_id is None:
        return
    try:
        if count := deliver_left(place):
            log.info("%d records that earlier runs had left are delivered", count)
        for run in close_dead(place):
            log.warning("warning: run %s (%s) was left by a process that is gone", run.info.run_name, run.info.run_id)
    except Unanswered as error:
        log.warning("warning: %s", error)


def prepare(cfg: TrainConfig) -> Prepared:
    """Networks and faces, as the configuration asks for them; nothing is recorded yet."""
    workers = worker_count(cfg.workers)
    seed_everything(cfg.seed, cfg.deterministic, cfg.mixed_precision)
    # before any data is read: missing or wrong weights end the run at once
    weights = models.weights_file(cfg.model)
    base = models.backbone(cfg.model, weights)
    if models.is_random(cfg.model):
        log.warning(
            "warning: model.weights=null with frozen layers: they stay random; model.finetune=all lets them learn"
        )
    faces = landmarks.load(cfg.dataset, size=cfg.model.size, workers=workers)
    source = sources.of(faces, cfg)
    usable = np.ones(len(faces), bool) if source.cover is None else source.cover.keep
    parts = {part: rows[usable[rows]] for part in ("train", "test") for rows in [faces.rows(part)]}
    by = split.draw(faces, parts["train"], cfg.data.name, cfg.split.validation, cfg.split.by, cfg.seed)
    return Prepared(base, "none" if weights is None else sha256_of(weights), faces, source, parts, by)


def learn(
    run: Recorder, cfg: TrainConfig, resolved: dict[str, Any], ready: Prepared, begun: State | None = None
) -> None:
    """Train, test and record. `begun` is the state that an interrupted run goes on from."""
    base, _, faces, source, parts, by = ready
    run.parameters(parameters(resolved))
    run.text(OmegaConf.to_yaml(OmegaConf.create(resolved)), "config.yaml")
    if cfg.tests:
        run.text(sources.described(cfg.tests, cfg.occlusion), "tests.yaml")
    shares = sources.covered_shares(source, parts["test"])
    run.metrics({f"covered_share/{name}": round(share, 4) for name, share in shares.items()})
    report.describe_data(run, source, by, parts["test"], cfg.data.name, cfg.occlusion.missing.value)
    if cfg.dataset.landmarks == AUTO:
        run.figure(sheet(faces, source.cover, cfg.workers or 1), "data/landmarks.png")
    model = models.build(cfg.model, cfg.augmentation, len(faces.classes), base)
    run.metrics(count_parameters(model))
    learner, seen, learned = model, source, load
    if models.has_fixed_features(cfg.model, cfg.augmentation):
        seen = features.extract(base, cfg.model, source, list(parts.values()), cfg.data.name)
        learner, learned = models.head_of(model), lambda file: models.head_of(load(file))
    elif models.has_frozen_base(cfg.model):
        log.info("the base learns nothing: with augmentation=none each face would pass through it only once")
    deliver = lambda file: run.file(file, "checkpoints")  # noqa: E731
    checkpoints = Checkpoints(run.state, cfg.monitor, cfg.mode, cfg.checkpoints.keep, deliver, model)
    run.state.mkdir(parents=True, exist_ok=True)
    need_space(run.state, model, cfg.epochs - (begun.epoch if begun else 0), cfg.checkpoints.keep)
    report.say_start(run, model, by, parts["test"], faces)
    history: list[dict[str, float]] = []

    def record(values: dict[str, float], epoch: int) -> None:
        history.append(values)
        run.metrics(values, epoch)

    try:
        fitted = fit(learner, seen, by, cfg, checkpoints, record, begun)
    finally:
        if history:
            with suppress(UserError):  # no room: why training ended matters more
                report.draw_curves(run, history, checkpoints.best_epoch)
    run.metrics({"train_seconds": round(fitted.seconds, 1), "epochs_run": fitted.epochs_run})
    run.metrics({"best_epoch": checkpoints.best_epoch})
    epochs = {"best": checkpoints.best_epoch, "last": checkpoints.last_epoch}
    checkpoint_models = {epoch: learned(checkpoints.path(epoch)) for epoch in set(epochs.values())}
    predictions = predicting.predict(checkpoint_models, seen, parts["test"], max(64, cfg.batch_size))
    results = {name: evaluation.scores(predictions[epoch]) for name, epoch in epochs.items()}
    own = own_test_set(cfg.data.name)
    for name, epoch in epochs.items():
        found = evaluation.metrics(name, results[name], own)
        about = {"data": cfg.data.name, "file": f"checkpoints/{checkpoints.path(epoch).name}"}
        run.model(name, epoch, about, found, faces.fingerprint)
        report.record_checkpoint(run, name, predictions[epoch], results[name], faces)
        report.record_severity(run, name, cfg.data.name, cfg.occlusion.name, results[name], shares, faces)
    published = reproduction.published(cfg)
    run.metrics(reproduction.distances(results, published))
    report.say_results(run, results, epochs, faces, published)


@contextmanager
def recorded(run: Recorder) -> Iterator[Recorder]:
    """A run that keeps its log and, once it is finished, nothing to go on from; says where it is."""
    finished = False
    try:
        with run:
            try:
                yield run
                finished = True
            finally:
                keep_log(run)
    finally:
        if finished and run.end_is_recorded:
            shutil.rmtree(run.state, ignore_errors=True)
            report.say_where(run)
        else:
            log.warning("run %s (%s) did not finish; what it had is kept", run.name, run.id)


def keep_log(run: Recorder) -> None:
    """The log so far, as an artifact."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            handler.flush()
            try:
                run.file(Path(handler.baseFilename))
            except UserError as error:  # no room: what happened, and the run's status, matter more
                log.warning("warning: the log is not kept with the run: %s", error)


def parameters(resolved: dict[str, Any]) -> dict[str, Any]:
    """The configuration, flat: the chosen options by group, everything else dotted."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(f"{prefix}.{key}" if prefix else key, value)
        else:
            flat[prefix] = node

    walk("", {key: value for key, value in resolved.items() if key not in UNRECORDED})
    chosen = {group: flat.pop(f"{group}.name") for group in CHOICES}
    return chosen | flat


def tags(
    cfg: TrainConfig,
    resolved: dict[str, Any],
    ready: Prepared,
    overrides: list[str],
    sweep_id: str | None,
) -> dict[str, str]:
    """What makes the run's numbers traceable."""
    compared = {key: value for key, value in parameters(resolved).items() if key.split(".")[0] not in UNRELATED}
    compared["published"] = resolved.get("published")
    if cfg.tests:
        compared["tests"] = sources.described(cfg.tests, cfg.occlusion)  # an option's file may change
    found = {
        "kind": "run",
        "config.hash": sha256(json.dumps(compared, sort_keys=True, default=str).encode()).hexdigest()[:16],
        "code.hash": provenance.code(PACKAGE),
        "overrides": " ".join(overrides) or "(defaults)",
        "dataset.fingerprint": ready.faces.fingerprint,
        "split.hash": ready.by.hash,
        "model.weights.sha256": ready.weights,
        "mlflow.runColor": figures.VARIANTS[cfg.data.name],
        "mlflow.source.name": "train.py",
        "mlflow.source.type": "LOCAL",
    }
    if ready.faces.synthetic:
        found["synthetic"] = "true"
    if sweep_id:
        found["sweep_id"] = sweep_id
    found |= reproduction.tags(cfg, overrides)
    return found | provenance.git(ROOT) | provenance.versions() | provenance.machine()


def count_parameters(model) -> dict[str, float]:
    """All weights, and those that training changes."""
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    if not trainable:
        raise ConfigError(f"model={model.name}: no weight is trainable")
    return {"parameters": model.count_params(), "trainable_parameters": trainable}
