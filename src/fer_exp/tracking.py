"""Runs in MLflow: the one module that imports it."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import quote

from filelock import FileLock

from fer_exp.config import ROOT
from fer_exp.errors import UserError

os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag

for noisy in ("mlflow", "alembic"):
    logging.getLogger(noisy).setLevel(logging.WARNING)

VIEW = "matrix"  # the shared view of the runs table that the printed URLs open
COLUMNS = [
    "attributes.`Created`",
    *(f"params.`{name}`" for name in ("dataset", "model", "data", "seed")),
    *(f"metrics.`{c}/{t}`" for c in ("best", "last") for t in ("normal", "occluded", "mixed")),
]


class Place(NamedTuple):
    """Where runs are kept: an experiment of a tracking server or database, and a folder for files in progress."""

    uri: str
    experiment: str
    experiment_id: str
    state: Path

    @property
    def client(self) -> MlflowClient:
        """A client of this place."""
        return MlflowClient(tracking_uri=self.uri)

    @property
    def is_local(self) -> bool:
        """Whether it is a database file rather than a server."""
        return self.uri.startswith("sqlite:")

    def ui_command(self, port: int = 5000) -> str:
        """The shell command that serves the user interface over a local database."""
        if self.uri == default_uri():
            return "make ui"
        return f"mlflow ui --backend-store-uri {self.uri} --host 127.0.0.1 --port {port}"

    def url(self, path: str = "", port: int = 5000) -> str:
        """The page of this experiment's runs table, or of a run (`path` = "runs/<id>")."""
        base = f"http://127.0.0.1:{port}" if self.is_local else self.uri.rstrip("/")
        page = f"{base}/#/experiments/{self.experiment_id}"
        training_view = "workflowType=machine_learning"  # else a fresh browser gets the menu for language models
        if path:
            return f"{page}/{path}?{training_view}"
        return f"{page}/runs?viewStateShareKey={VIEW}&{training_view}"


def default_uri() -> str:
    """The database in mlruns/."""
    return f"sqlite:///{ROOT / 'mlruns' / 'mlflow.db'}"


def open_place(uri: str | None, experiment: str) -> Place:
    """The experiment, made if it is not there; safe when several processes meet a fresh database at once.

    Args:
        uri: of a tracking server or database; None: MLFLOW_TRACKING_URI, else the database in mlruns/.
        experiment: its name.

    Raises:
        UserError: the uri is none that MLflow can use for runs, or the server does not answer.
    """
    uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or default_uri()
    if uri.startswith("file:") or "://" not in uri:
        raise UserError(f"tracking.uri={uri}: a server (http://...) or a database (sqlite:////path/mlflow.db)")
    home, artifacts, lock = ROOT / "mlruns", None, None
    if uri.startswith("sqlite:///"):
        database = Path(uri.removeprefix("sqlite:///")).absolute()
        home, uri = database.parent, f"sqlite:///{database}"
        artifacts = (home / "artifacts").as_uri()
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"tracking.uri={uri}: {home}: {error.strerror}") from error
        # concurrent migrations of a fresh database kill each other
        lock = FileLock(home / "mlflow.db.lock")
    try:
        if lock:
            lock.acquire()
        client = MlflowClient(tracking_uri=uri)
        found = client.get_experiment_by_name(experiment)
        if found is not None and found.lifecycle_stage == "deleted":
            raise UserError(f"tracking.experiment={experiment} was deleted; restore it or choose another name")
        experiment_id = found.experiment_id if found else _create(client, experiment, artifacts)
    except mlflow.MlflowException as error:
        raise UserError(f"tracking.uri={uri}: {str(error).splitlines()[0]}") from error
    finally:
        if lock:
            lock.release()
    return Place(uri, experiment, experiment_id, home / "state")


def _create(client: MlflowClient, name: str, artifacts: str | None) -> str:
    location = f"{artifacts}/{quote(name, safe='')}" if artifacts else None
    experiment_id = client.create_experiment(name, artifact_location=location)
    # undocumented: presets the columns of the runs table; nothing depends on it
    view = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": COLUMNS,
        "columnOrder": [],
        "columnWidths": {},
        "runsExpanded": {},
        "runsPinned": [],
        "runsHidden": [],
        "runsVisibilityMap": {},
        "runListHidden": False,
        "viewMaximized": False,
    }
    client.set_experiment_tag(experiment_id, f"mlflow.sharedViewState.{VIEW}", json.dumps(view))
    return experiment_id


class Recorder:
    """Writes one run. Every metric carries the time at which it was made, so that a repeat is stored once."""

    def __init__(self, place: Place, name: str, tags: Mapping[str, str]):
        self.place, self.name = place, name
        self.client = place.client
        self.id = self.client.create_run(place.experiment_id, run_name=name, tags=dict(tags)).info.run_id
        self.ended = False

    @property
    def state(self) -> Path:
        """The folder of this run's files in progress."""
        return self.place.state / check_run_id(self.id)

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Parameters, as text of at most 6 000 characters each."""
        items = [Param(key, str(value)[:6000]) for key, value in values.items()]
        for start in range(0, len(items), 100):  # MLflow's limit
            self.client.log_batch(self.id, params=items[start : start + 100])

    def tags(self, values: Mapping[str, Any]) -> None:
        """Tags, as text of at most 8 000 characters each."""
        self.client.log_batch(self.id, tags=[RunTag(key, str(value)[:8000]) for key, value in values.items()])

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Numbers at a step (an epoch: 1, 2, ...), or without one."""
        now = int(time.time() * 1000)
        self.client.log_batch(self.id, metrics=[Metric(key, v, now, step) for key, v in values.items()])

    def dataset(self, name: str, digest: str, source: str, profile: Mapping[str, Any], context: str) -> None:
        """A dataset input; `context` is its role, such as training or testing."""
        entity = Dataset(name, digest[:36], "local", json.dumps({"uri": source}), profile=json.dumps(dict(profile)))
        tags = [InputTag("mlflow.data.context", context)]
        self.client.log_inputs(self.id, datasets=[DatasetInput(entity, tags)])

    def file(self, path: Path, folder: str | None = None) -> None:
        """A file, copied into the run's artifacts."""
        self.client.log_artifact(self.id, str(path), folder)

    def text(self, content: str, file: str) -> None:
        """A text artifact."""
        self.client.log_text(self.id, content, file)

    def table(self, data: Any, file: str) -> None:
        """A pandas table that the user interface shows (`file` ends in .json)."""
        self.client.log_table(self.id, data, file)

    def frame(self, data: Any, file: str) -> None:
        """A pandas table as a parquet file."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / Path(file).name
            data.to_parquet(path, index=False)
            self.file(path, str(Path(file).parent))

    def figure(self, figure: Any, file: str) -> None:
        """A matplotlib figure."""
        self.client.log_figure(self.id, figure, file)

    def end(self, status: str) -> None:
        """FINISHED, FAILED or KILLED; the first call counts."""
        if not self.ended:
            self.ended = True
            self.client.set_terminated(self.id, status)


def check_run_id(run_id: str) -> str:
    """The id itself, if it is one.

    Raises:
        UserError: it is not 32 hex characters.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", str(run_id)):
        raise UserError(f"{run_id}: a run id has 32 characters 0-9a-f; quote it")
    return run_id


def sweep_runs(place: Place, sweep_id: str) -> list[Run]:
    """The training runs of a sweep, oldest first."""
    query = f"tags.sweep_id = '{sweep_id}' and tags.kind = 'run'"
    order = ["attributes.start_time ASC"]
    found, token = [], None
    while True:
        page = place.client.search_runs(
            [place.experiment_id], query, max_results=1000, order_by=order, page_token=token
        )
        found += page
        token = page.token
        if not token:
            return found
