"""Reading stored runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from mlflow.entities import Run

from fer_exp.errors import UserError, one_line
from fer_exp.system.addresses import hide_secrets
from fer_exp.tracking.answers import get_run
from fer_exp.tracking.errors import UNAVAILABLE, is_permanent, raises_server_unavailable
from fer_exp.tracking.ids import check_run_id
from fer_exp.tracking.provenance import is_alive
from fer_exp.tracking.store import TrackingStore


def run_title(run: Run) -> str:
    """Return a run's name and id, for messages."""
    return f"{run.info.run_name} ({run.info.run_id})"


@raises_server_unavailable
def find_run(store: TrackingStore, run_id: str, key: str = "run") -> tuple[TrackingStore, Run]:
    """Return the store of a training run, set to the run's own experiment, and the run; messages name it by a key.

    Raises:
        UserError: there is no run of that id, or it is not a training run.
    """
    try:
        run = get_run(store.client, check_run_id(run_id))
    except UNAVAILABLE as error:
        if not is_permanent(error):
            raise
        # a run that began while the server was away was known by its journal's id
        experiment_ids = [experiment.experiment_id for experiment in store.client.search_experiments()]
        runs = store.client.search_runs(experiment_ids, f"tags.journal = '{run_id}'")
        if not runs:
            raise UserError(
                f"{key}={run_id}: not in {hide_secrets(store.uri)}; tracking.uri names another database or server"
            ) from error
        run = runs[0]
    name = store.client.get_experiment(run.info.experiment_id).name
    if run.data.tags.get("kind") != "run":
        raise UserError(f"{key}={run_id}: {run.info.run_name} is not a training run")
    return store._replace(experiment=name, experiment_id=run.info.experiment_id), run


@raises_server_unavailable
def stored_files(store: TrackingStore, run: Run, folder: str) -> list[str]:
    """Return the paths of a run's artifacts in a folder."""
    return sorted(item.path for item in store.client.list_artifacts(run.info.run_id, folder) if not item.is_dir)


def check_finished(run: Run, key: str) -> None:
    """Raise UserError unless a run that the user named by a key of the configuration is finished."""
    if run.info.status != "FINISHED":
        raise UserError(
            f"{key}={run.info.run_id}: {run_title(run)} is {run.info.status}, not finished; "
            f"resume={run.info.run_id} goes on with it"
        )


def download_artifact(store: TrackingStore, run: Run, file: str, folder: Path) -> Path:
    """Return an artifact as a local file; `folder` receives it if it is not local already.

    Raises:
        UserError: the run has no such artifact, or the server does not answer.
    """
    try:
        return Path(store.client.download_artifacts(run.info.run_id, file, str(folder)))
    except UNAVAILABLE as error:
        raise UserError(f"run {run_title(run)} has no artifact {file}") from error


def load_config(store: TrackingStore, run: Run) -> dict[str, Any]:
    """Return the configuration that a run keeps, as plain data.

    Raises:
        UserError: it has none, because it ended before it was written; or the file is damaged.
    """
    with TemporaryDirectory() as scratch:
        try:
            config = yaml.safe_load(download_artifact(store, run, "config.yaml", Path(scratch)).read_bytes())
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise UserError(f"the config.yaml of {run_title(run)} cannot be read: {one_line(error)}") from error
    if not isinstance(config, dict):
        raise UserError(f"the config.yaml of {run_title(run)} is damaged: it holds no keys")
    return config


def class_names(store: TrackingStore, run: Run) -> tuple[str, ...]:
    """Return the classes of a run, in the order of its outputs, from its table of counts.

    Raises:
        UserError: it has none.
    """
    with TemporaryDirectory() as scratch:
        table = json.loads(download_artifact(store, run, "data/class_counts.json", Path(scratch)).read_bytes())
    column = table["columns"].index("class")
    return tuple(row[column] for row in table["data"])


@raises_server_unavailable
def history(store: TrackingStore, run: Run, key: str) -> dict[int, float]:
    """Return a metric's value at each step; the latest where a step has several."""
    return {point.step: point.value for point in store.client.get_metric_history(run.info.run_id, key)}


@raises_server_unavailable
def training_runs(store: TrackingStore, query: str = "") -> list[Run]:
    """Return the training runs of an experiment, oldest first; `query` narrows them in MLflow's syntax."""
    query = " and ".join(filter(None, ["tags.kind = 'run'", query]))
    order = ["attributes.start_time ASC"]
    runs: list[Run] = []
    token: str | None = None
    while True:
        page = store.client.search_runs(
            [store.experiment_id],  # type: ignore[list-item]  # None, of a silent server, raises there
            query,
            max_results=1000,
            order_by=order,
            page_token=token,
        )
        runs += page
        token = page.token
        if not token:
            return runs


def sweep_runs(store: TrackingStore, sweep_id: str) -> list[Run]:
    """Return the training runs of a sweep, oldest first, including those that it found already done.

    Raises:
        UserError: it is not a sweep id.
    """
    if not re.fullmatch(r"s-[0-9a-z-]+", sweep_id):
        raise UserError(f"sweep={sweep_id}: a sweep id starts with s-")
    trained = training_runs(store, f"tags.sweep_id = '{sweep_id}'")
    reused = training_runs(store, f"tags.`also_in.{sweep_id}` = 'true'")  # MLflow's queries have no "or"
    return sorted({run.info.run_id: run for run in reused + trained}.values(), key=lambda run: run.info.start_time)


@raises_server_unavailable
def close_abandoned(store: TrackingStore) -> list[Run]:
    """Mark as KILLED the runs that a process of this machine left RUNNING when it ended, and return them."""
    running = training_runs(store, "attributes.status = 'RUNNING'")
    abandoned = [run for run in running if is_alive(run.data.tags) is False]
    for run in abandoned:
        store.client.set_terminated(run.info.run_id, "KILLED")
    return abandoned


def checkpoint_files(store: TrackingStore, run: Run, which: str) -> dict[int, str]:
    """Return epoch -> artifact of the checkpoints asked for: best, last, all, or the number of an epoch.

    Raises:
        UserError: the run kept no such epoch.
    """
    files = {int(Path(file).stem.split("-")[1]): file for file in stored_files(store, run, "checkpoints")}
    if which == "all":
        epochs = sorted(files)
    elif which.isdigit():
        epochs = [int(which)]
    else:
        key = {"best": "best_epoch", "last": "epochs_run"}[which]
        epochs = [int(run.data.metrics.get(key, 0))]
    if not epochs or not files.keys() >= set(epochs):
        kept = ", ".join(map(str, sorted(files))) or "none"
        raise UserError(f"checkpoint={which}: run {run.info.run_name} ({run.info.status}) kept the epochs: {kept}")
    return {epoch: files[epoch] for epoch in epochs}
