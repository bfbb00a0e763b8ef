"""One run: faces -> variant -> model -> test sets -> a run in MLflow."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
from omegaconf import OmegaConf

from fer_exp import models
from fer_exp.commands.other_faces import predict_test_datasets
from fer_exp.commands.prepare import Prepared, prepare
from fer_exp.commands.reuse import find_reusable, run_params, run_tags
from fer_exp.commands.teacher import as_teacher, named_teacher, with_teacher, with_teachers_id
from fer_exp.commands.tidy import tidy
from fer_exp.config.compose import from_stored
from fer_exp.config.method import AUTO
from fer_exp.config.occlusion import Fill
from fer_exp.errors import UserError
from fer_exp.evaluation.calibration import fit_temperature
from fer_exp.evaluation.predictions import predict_checkpoints, predict_samples
from fer_exp.inputs.source import describe_test_sets
from fer_exp.reports import data_report, run_report
from fer_exp.reports.test_datasets import record_test_dataset
from fer_exp.tracking import (
    Recorder,
    Taken,
    alone,
    claimed,
    open_store,
    run_title,
)
from fer_exp.training.checkpoints import Checkpoints
from fer_exp.training.fit import fit
from fer_exp.training.learner import Learner, count_parameters
from fer_exp.training.state import State, latest_state

if TYPE_CHECKING:
    from fer_exp.config.train import TrainConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.evaluation.own_metrics import OwnMetric
    from fer_exp.tracking import TrackingStore

log = logging.getLogger(__name__)


def train(
    cfg: TrainConfig,
    resolved: dict[str, Any],
    overrides: list[str],
    sweep_id: str | None = None,
    reuse: bool = False,
    faces: Faces | None = None,
) -> str:
    """Train one run, from the configuration to the table of results; return its id.

    Args:
        cfg: the typed configuration.
        resolved: the same as plain data, for the record.
        overrides: the words of the command line.
        sweep_id: of the sweep that this run belongs to.
        reuse: whether a finished run that is the same will do, and an interrupted one goes on; in a sweep they do
            unless `force` says otherwise.
        faces: the table of the dataset, where it is loaded already.

    Raises:
        UserError: something the user can mend; the run, if it began, is FAILED and keeps what it had.
    """
    store = open_store(cfg.tracking.uri, cfg.tracking.experiment, must_answer=False)
    tidy(store)
    cfg, resolved = with_teachers_id(store, cfg, resolved)
    teacher = find_teacher(cfg, resolved, overrides, sweep_id, faces)
    prepared = prepare(cfg, faces)
    tags = run_tags(cfg, resolved, prepared, overrides, sweep_id)
    if teacher is not None:
        prepared = with_teacher(store, teacher, prepared)
        tags["method.teacher"] = teacher
    if reuse or (sweep_id and not cfg.force):
        with alone(store, tags["config.hash"]):
            return train_once(store, cfg, resolved, prepared, tags, sweep_id)
    return train_new(store, cfg, resolved, prepared, tags)


def find_teacher(
    cfg: TrainConfig, resolved: dict[str, Any], overrides: list[str], sweep_id: str | None, faces: Faces | None
) -> str | None:
    """Return the id of the run that teaches, trained first if it is not there; None where nothing is taught."""
    teacher = named_teacher(cfg)
    if teacher != AUTO:
        return teacher
    resolved, words = as_teacher(resolved, overrides)
    print("first its teacher:", flush=True)
    settings = from_stored(resolved, with_weights=True)
    run_id = train(settings, resolved, words, sweep_id, reuse=not cfg.force, faces=faces)
    keras.utils.clear_session()  # the run's own layers get the names and the memory that they have without a teacher
    return run_id


def train_new(
    store: TrackingStore, cfg: TrainConfig, resolved: dict[str, Any], prepared: Prepared, tags: dict[str, str]
) -> str:
    """Train a new run; return its id."""
    marks = [cfg.occlusion.fill.name] * (cfg.occlusion.fill is not Fill.color)
    marks += [cfg.method.name] * (cfg.method.name != "plain")
    name = "-".join([cfg.model.name, cfg.data.name, *marks, f"s{cfg.seed}"])
    with recorded(Recorder.new(store, name, tags)) as run:
        learn(run, cfg, resolved, prepared)
    return run.id


def train_once(
    store: TrackingStore,
    cfg: TrainConfig,
    resolved: dict[str, Any],
    prepared: Prepared,
    tags: dict[str, str],
    sweep_id: str | None,
) -> str:
    """Return the id of a finished run that is the same; else train it, from where it stopped if it began before."""
    also_in = {f"also_in.{sweep_id}": "true"} if sweep_id else {}
    earlier = find_reusable(store, tags)
    if earlier and earlier.info.status == "FINISHED":
        print(
            f"skipped: {run_title(earlier)} finished before with the same configuration, "
            "faces and code; force=true runs it again"
        )
        with Recorder.for_finished(store, earlier) as run:
            run.set_tags(also_in)
        return earlier.info.run_id
    if earlier:
        with suppress(Taken), claimed(store, earlier):  # else it is another process's, and this one begins anew
            state = latest_state(store.state_of(earlier))
            with recorded(Recorder.resumed(store, earlier, also_in)) as run:
                print(f"goes on: {run.name} ({run.id}) after epoch {state.epoch if state else 0}")
                learn(run, cfg, resolved, prepared, state)
            return run.id
    return train_new(store, cfg, resolved, prepared, tags)


def learn(
    run: Recorder, cfg: TrainConfig, resolved: dict[str, Any], prepared: Prepared, state: State | None = None
) -> None:
    """Train, test and record; `state` is what an interrupted run goes on from."""
    source = prepared.source
    record_config(run, cfg, resolved, prepared.metrics)
    shares = data_report.describe_inputs(run, cfg, source, prepared.split, prepared.twins)
    network = models.build(cfg.model, cfg.augmentation, len(source.faces.classes), prepared.base)
    run.log_metrics(count_parameters(network))
    learner = Learner.from_network(network, cfg, cfg.augmentation, prepared.base, source, prepared.split.validation)
    checkpoints = train_recorded(run, cfg, learner, prepared, state)
    trained = {epoch: learner.load(checkpoints.path(epoch)) for epoch in set(checkpoints.epochs.values())}
    tests = learner.test_source
    predictions = predict_checkpoints(trained, checkpoints.epochs, tests, source.rows("test"), cfg.batch_size)
    validation = predict_samples(trained, tests, prepared.split.validation, max(64, cfg.batch_size))
    labels = source.faces.labels[prepared.split.validation.rows]
    temperatures = {name: fit_temperature(validation[epoch], labels) for name, epoch in checkpoints.epochs.items()}
    run_report.record_calibration(run, predictions, temperatures)
    text = run_report.record_results(
        run, cfg, cfg.published, predictions, checkpoints, shares, source.faces, prepared.twins, prepared.metrics
    )
    test_elsewhere(run, prepared, checkpoints, cfg.batch_size, text)


def test_elsewhere(
    run: Recorder, prepared: Prepared, checkpoints: Checkpoints, batch_size: int, description: str
) -> None:
    """Test the chosen checkpoints on the other datasets that the configuration names; the description goes on so."""
    for name, predictions in predict_test_datasets(prepared.test_datasets, checkpoints, batch_size).items():
        test_set = prepared.test_datasets[name]
        results = record_test_dataset(run, name, predictions, test_set.source.faces, test_set.known)
        text = run_report.print_results(f"{name}: {test_set.describe()}", results, checkpoints.epochs)
        description = f"{description}\n\n{text}"
        run.set_tags({run_report.DESCRIPTION: description})


def record_config(run: Recorder, cfg: TrainConfig, resolved: dict[str, Any], metrics: list[OwnMetric]) -> None:
    """Record what the run was asked to do."""
    run.log_params(run_params(resolved))
    run.log_text(OmegaConf.to_yaml(OmegaConf.create(resolved)), "config.yaml")
    if cfg.tests:
        run.log_text(describe_test_sets(cfg.tests, cfg.occlusion), "tests.yaml")
    for metric in metrics:
        run.log_text(metric.code, f"metrics/{metric.name}.py")


def train_recorded(
    run: Recorder, cfg: TrainConfig, learner: Learner, prepared: Prepared, state: State | None
) -> Checkpoints:
    """Train, and record every epoch; return the checkpoints."""
    done = state.epoch if state else 0
    checkpoints = Checkpoints.for_run(run, cfg, learner.network, cfg.epochs - done)
    run_report.log_start(run, learner.network, prepared.split, prepared.source)
    history: list[dict[str, float]] = []

    def record(values: dict[str, float], epoch: int) -> None:
        history.append(values)
        run.log_metrics(values, epoch)

    def draw() -> None:
        data_report.draw_inputs(run, cfg, prepared.source, prepared.split, prepared.twins, cfg.workers)

    try:
        fitted = fit(learner, prepared.split, cfg, checkpoints, record, draw, state, prepared.answers)
    finally:
        if history:
            with suppress(UserError):  # no room: why training ended matters more
                run_report.draw_curves(run, history, checkpoints.best_epoch)
    run.log_metrics({"train_seconds": round(fitted.seconds, 1), "epochs_run": fitted.epochs_run})
    if fitted.cpu_seconds is not None:
        run.log_metrics({"train_cpu_seconds": round(fitted.cpu_seconds, 1)})
    run.log_metrics({"best_epoch": checkpoints.best_epoch})
    return checkpoints


@contextmanager
def recorded(run: Recorder) -> Iterator[Recorder]:
    """Keep the log with a run and, once it is finished, nothing to go on from; say where it is."""
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
            run_report.print_run_links(run)
        else:
            log.warning("run %s (%s) did not finish; what it had is kept", run.name, run.id)


def keep_log(run: Recorder) -> None:
    """Record the log so far, as an artifact."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            handler.flush()
            try:
                run.log_artifact(Path(handler.baseFilename))
            except UserError as error:  # no room: what happened, and the run's status, matter more
                log.warning("warning: the log is not kept with the run: %s", error)
