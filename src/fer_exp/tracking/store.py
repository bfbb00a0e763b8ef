"""The store where runs are kept, and the pages that show them."""

from __future__ import annotations

import json
import logging
import os
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from fer_exp.errors import UserError
from fer_exp.system.paths import INSTALLED, ROOT, command_line
from fer_exp.tracking.errors import (
    UNAVAILABLE,
    ServerUnavailable,
    is_permanent,
    promised,
    reason,
    understood,
    without_passwords,
)
from fer_exp.tracking.ids import check_run_id

if TYPE_CHECKING:
    from mlflow.entities import Run

log = logging.getLogger(__name__)

VIEW = "matrix"  # the shared view of the runs table that the printed URLs open
COLUMNS = [
    "attributes.`Created`",
    *(f"params.`{name}`" for name in ("dataset", "model", "data", "seed")),
    *(f"metrics.`{c}/{t}`" for c in ("best", "last") for t in ("normal", "occluded", "mixed")),
]
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
WAIT = 10  # seconds for a server that is being started again
HEALTH_TIMEOUT = 10  # seconds after which a silent server counts as hanging


class TrackingStore(NamedTuple):
    """An experiment of a tracking server or database, and the folder for what is in progress.

    `experiment_id` is None where the server did not answer.
    """

    uri: str
    experiment: str
    experiment_id: str | None
    home: Path

    @property
    def state(self) -> Path:
        """Return the folder with what interrupted runs go on from, by their ids."""
        return self.home / "state"

    @property
    def journal(self) -> Path:
        """Return the folder of what is recorded and not delivered yet."""
        return self.home / "journal"

    @property
    def locks(self) -> Path:
        """Return the folder of the locks of runs that went on."""
        return self.home / "locks"

    @property
    def artifacts(self) -> Path:
        """Return the folder for the files of runs in a database; a server has its own."""
        return self.home / "artifacts"

    def state_of(self, run: Run) -> Path:
        """Return the state folder of a stored run, named by its journal's id if it began without a server."""
        early = self.state / check_run_id(run.data.tags.get("journal", run.info.run_id))
        return early if early.exists() else self.state / check_run_id(run.info.run_id)

    @staticmethod
    def run_ids(run: Run) -> set[str]:
        """Return the ids that a stored run has had: its own and its journal's."""
        return {run.info.run_id, run.data.tags.get("journal", run.info.run_id)}

    @property
    def sync_options(self) -> str:
        """Return the options that the verb sync needs for a store that is not in mlruns/."""
        return "" if self.home == ROOT / "mlruns" else f" --home {self.home}"

    @property
    def client(self) -> MlflowClient:
        """Return a client of this store."""
        return MlflowClient(tracking_uri=self.uri)

    @property
    def is_local(self) -> bool:
        """Return whether it is a database rather than a server."""
        return _scheme(self.uri) in DATABASES

    def ui_command(self, port: int = 5000) -> str:
        """Return the shell command that serves the user interface over a local database."""
        if self.uri == default_uri():
            return command_line("ui") if INSTALLED else "make ui"
        return f"mlflow ui --backend-store-uri {without_passwords(self.uri)} --host 127.0.0.1 --port {port}"

    def url(self, path: str = "", port: int = 5000) -> str:
        """Return the page of this experiment's runs table, or of a run (`path` = "runs/<id>")."""
        base = f"http://127.0.0.1:{port}" if self.is_local else without_passwords(self.uri)
        page = f"{base}/#/experiments/{self.experiment_id}"
        training_view = "workflowType=machine_learning"  # else a fresh browser gets the menu for language models
        if path:
            return f"{page}/{path}?{training_view}"
        return f"{page}/runs?viewStateShareKey={VIEW}&{training_view}"


def default_uri() -> str:
    """Return the address of the database in mlruns/."""
    return f"sqlite:///{ROOT / 'mlruns' / 'mlflow.db'}"


def open_store(uri: str | None, experiment: str, must_answer: bool = True, wait: float | None = None) -> TrackingStore:
    """Open an experiment, made if it is not there; safe when several processes meet a fresh database at once.

    Args:
        uri: of a tracking server or database; None: MLFLOW_TRACKING_URI, else the database in mlruns/.
        experiment: its name.
        must_answer: False: return a store without an experiment id where the server does not answer.
        wait: seconds to keep trying; None: WAIT.

    Raises:
        UserError: MLflow cannot keep runs under that uri.
        ServerUnavailable: the server does not answer.
    """
    uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or default_uri()
    if uri.startswith("file:") or "://" not in uri:
        raise UserError(f"tracking.uri={uri}: must be a server (http://...) or a database (sqlite:////path/mlflow.db)")
    uri = uri.rstrip("/")
    home = ROOT / "mlruns"
    lock: AbstractContextManager[object] = nullcontext()
    if uri.startswith("sqlite:///"):
        database = Path(uri.removeprefix("sqlite:///")).absolute()
        home, uri = database.parent, f"sqlite:///{database}"
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"tracking.uri={uri}: {home}: {error.strerror}") from error
        # concurrent migrations of a fresh database kill each other
        lock = FileLock(home / "mlflow.db.lock")
    store = TrackingStore(uri, experiment, None, home)
    try:
        with lock:
            return store._replace(experiment_id=_experiment_id(store, WAIT if wait is None else wait))
    except ServerUnavailable as error:
        if must_answer:
            raise
        log.warning("warning: %s", error)
        return store


def _experiment_id(store: TrackingStore, wait: float) -> str:
    began = time.monotonic()
    while True:
        try:
            if not store.is_local:
                _check_health(store.uri)
            with understood():
                experiment = store.client.get_experiment_by_name(store.experiment)
                experiment_id = _create(store) if experiment is None else experiment.experiment_id
            promised(bool(experiment_id), "an experiment without an id")
        except UNAVAILABLE as error:
            if getattr(error, "error_code", "") == "RESOURCE_ALREADY_EXISTS":  # another process was faster
                continue
            supported = _scheme(store.uri) in ("http", "https", *DATABASES)
            if is_permanent(error) or not supported:
                raise UserError(f"tracking.uri={without_passwords(store.uri)}: {reason(error)}") from error
            if time.monotonic() - began >= wait:
                raise ServerUnavailable(
                    f"tracking.uri={without_passwords(store.uri)} does not answer: {reason(error)}"
                ) from error
            Event().wait(1)
        else:
            if experiment is not None and experiment.lifecycle_stage == "deleted":
                raise UserError(
                    f"tracking.experiment={store.experiment} was deleted; restore it or choose another name"
                )
            return experiment_id


def _check_health(uri: str) -> None:
    """Raise where a server does not answer soon: one that hangs is not waited for as long as a request may take."""
    credentials = get_default_host_creds(uri)  # type: ignore[no-untyped-call]  # MLflow does not annotate it
    http_request(  # type: ignore[no-untyped-call]  # nor this
        credentials, "/health", "GET", max_retries=0, timeout=HEALTH_TIMEOUT
    )


def _scheme(uri: str) -> str:
    return uri.split(":", 1)[0].split("+", 1)[0]


def _create(store: TrackingStore) -> str:
    location = f"{store.artifacts.as_uri()}/{quote(store.experiment, safe='')}" if store.is_local else None
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
    tags = {f"mlflow.sharedViewState.{VIEW}": json.dumps(view)}
    return store.client.create_experiment(store.experiment, artifact_location=location, tags=tags)
