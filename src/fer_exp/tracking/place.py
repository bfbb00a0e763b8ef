"""Where runs are kept, and the pages that show them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import mlflow
from filelock import FileLock
from mlflow import MlflowClient

from fer_exp.config import ROOT
from fer_exp.errors import UserError

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
