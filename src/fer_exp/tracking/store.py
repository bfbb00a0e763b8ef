"""Where runs are kept, and the pages that show them."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from fer_exp.errors import UserError
from fer_exp.system.paths import ROOT
from fer_exp.tracking.errors import UNANSWERED, Unanswered, masked, reason, will_never_be_taken

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
ASLEEP = 10  # seconds after which one that says nothing hangs


class Place(NamedTuple):
    """Where runs are kept: an experiment of a tracking server or database, and a folder for what is in progress.

    `experiment_id` is None where the server did not answer.
    """

    uri: str
    experiment: str
    experiment_id: str | None
    home: Path

    @property
    def state(self) -> Path:
        """What interrupted runs go on from, by their ids."""
        return self.home / "state"

    @property
    def journal(self) -> Path:
        """What is recorded and not delivered yet."""
        return self.home / "journal"

    @property
    def artifacts(self) -> Path:
        """Files of runs in a database; a server has a place of its own for them."""
        return self.home / "artifacts"

    def state_of(self, run: Run) -> Path:
        """The state of a stored run: by the id that it had where it began without a server, else by its own."""
        early = self.state / check_run_id(run.data.tags.get("journal", run.info.run_id))
        return early if early.exists() else self.state / check_run_id(run.info.run_id)

    def names(self, run: Run) -> set[str]:
        """The ids that a stored run has had: its own, and its journal's."""
        return {run.info.run_id, run.data.tags.get("journal", run.info.run_id)}

    @property
    def sync_words(self) -> str:
        """What `python -m fer_exp sync` needs to be told of a place that is not in mlruns/."""
        return "" if self.home == ROOT / "mlruns" else f" --home {self.home}"

    @property
    def client(self) -> MlflowClient:
        """A client of this place."""
        return MlflowClient(tracking_uri=self.uri)

    @property
    def is_local(self) -> bool:
        """Whether it is a database rather than a server."""
        return _scheme(self.uri) in DATABASES

    def ui_command(self, port: int = 5000) -> str:
        """The shell command that serves the user interface over a local database."""
        if self.uri == default_uri():
            return "make ui"
        return f"mlflow ui --backend-store-uri {masked(self.uri)} --host 127.0.0.1 --port {port}"

    def url(self, path: str = "", port: int = 5000) -> str:
        """The page of this experiment's runs table, or of a run (`path` = "runs/<id>")."""
        base = f"http://127.0.0.1:{port}" if self.is_local else masked(self.uri)
        page = f"{base}/#/experiments/{self.experiment_id}"
        training_view = "workflowType=machine_learning"  # else a fresh browser gets the menu for language models
        if path:
            return f"{page}/{path}?{training_view}"
        return f"{page}/runs?viewStateShareKey={VIEW}&{training_view}"


def check_run_id(run_id: str) -> str:
    """The id itself, if it is one: no other text becomes a path.

    Raises:
        UserError: it is not 32 hex characters.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", str(run_id)):
        raise UserError(f"{run_id}: a run id has 32 characters 0-9a-f; quote it")
    return run_id


def default_uri() -> str:
    """The database in mlruns/."""
    return f"sqlite:///{ROOT / 'mlruns' / 'mlflow.db'}"


def open_place(uri: str | None, experiment: str, must_answer: bool = True, wait: float | None = None) -> Place:
    """The experiment, made if it is not there; safe when several processes meet a fresh database at once.

    Args:
        uri: of a tracking server or database; None: MLFLOW_TRACKING_URI, else the database in mlruns/.
        experiment: its name.
        must_answer: False: where nothing answers, a place without an experiment is found all the same.
        wait: seconds to try again for; None: WAIT.

    Raises:
        UserError: the uri is none that MLflow can use for runs.
        Unanswered: the server does not answer.
    """
    uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or default_uri()
    if uri.startswith("file:") or "://" not in uri:
        raise UserError(f"tracking.uri={uri}: a server (http://...) or a database (sqlite:////path/mlflow.db)")
    uri = uri.rstrip("/")
    home, lock = ROOT / "mlruns", nullcontext()
    if uri.startswith("sqlite:///"):
        database = Path(uri.removeprefix("sqlite:///")).absolute()
        home, uri = database.parent, f"sqlite:///{database}"
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"tracking.uri={uri}: {home}: {error.strerror}") from error
        # concurrent migrations of a fresh database kill each other
        lock = FileLock(home / "mlflow.db.lock")
    place = Place(uri, experiment, None, home)
    try:
        with lock:
            return place._replace(experiment_id=_experiment_id(place, WAIT if wait is None else wait))
    except Unanswered as error:
        if must_answer:
            raise
        log.warning("warning: %s", error)
        return place


def _experiment_id(place: Place, wait: float) -> str:
    began = time.monotonic()
    while True:
        try:
            if not place.is_local:  # one that hangs is not waited for as long as a request may take
                http_request(get_default_host_creds(place.uri), "/health", "GET", max_retries=0, timeout=ASLEEP)
            found = place.client.get_experiment_by_name(place.experiment)
            if found is None:
                return _create(place)
        except UNANSWERED as error:
            if getattr(error, "error_code", "") == "RESOURCE_ALREADY_EXISTS":  # another process was faster
                continue
            server = _scheme(place.uri) in ("http", "https", *DATABASES)
            if will_never_be_taken(error) or not server:
                raise UserError(f"tracking.uri={masked(place.uri)}: {reason(error)}") from error
            if time.monotonic() - began >= wait:
                raise Unanswered(f"tracking.uri={masked(place.uri)} does not answer: {reason(error)}") from error
            Event().wait(1)
        else:
            if found.lifecycle_stage == "deleted":
                raise UserError(
                    f"tracking.experiment={place.experiment} was deleted; restore it or choose another name"
                )
            return found.experiment_id


def _scheme(uri: str) -> str:
    return uri.split(":", 1)[0].split("+", 1)[0]


def _create(place: Place) -> str:
    location = f"{place.artifacts.as_uri()}/{quote(place.experiment, safe='')}" if place.is_local else None
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
    return place.client.create_experiment(place.experiment, artifact_location=location, tags=tags)
