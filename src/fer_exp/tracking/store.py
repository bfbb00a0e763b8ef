"""The store where runs are kept, and the pages that show them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote as quote_word
from threading import Event
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from filelock import FileLock
from mlflow import MlflowClient

from fer_exp.config.tracking import SQLITE, TrackingConfig, check_uri
from fer_exp.errors import UserError
from fer_exp.system.addresses import hide_secrets
from fer_exp.system.paths import INSTALLED, ROOT, command_line
from fer_exp.tracking import view
from fer_exp.tracking.answers import check_health
from fer_exp.tracking.database import is_spoiled, make_database
from fer_exp.tracking.errors import (
    UNAVAILABLE,
    ServerUnavailable,
    is_permanent,
    promised,
    reason,
    understood,
)
from fer_exp.tracking.ids import check_run_id

if TYPE_CHECKING:
    from mlflow.entities import Run

log = logging.getLogger(__name__)

PORT = 5000  # of MLflow's own command
WAIT = 10  # seconds for a server that is being started again


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
        """Return whether it is a database in a file rather than a server."""
        return self.uri.startswith(SQLITE)

    def ui_command(self) -> str:
        """Return the shell command that serves the user interface over a local database, on `ui_port()`."""
        if self.uri == default_uri():
            return command_line("ui") if INSTALLED else "make ui"
        experiment = (
            "" if self.experiment == TrackingConfig().experiment else f" --experiment {quote_word(self.experiment)}"
        )
        return f"{command_line('ui')} --uri {quote_word(self.uri)}{experiment} --port {ui_port()}"

    def url(self, path: str = "", port: int | None = None) -> str:
        """Return the page of this experiment's runs table, or of a run (`path` = "runs/<id>")."""
        base = f"http://127.0.0.1:{port or ui_port()}" if self.is_local else hide_secrets(self.uri)
        page = f"{base}/#/experiments/{self.experiment_id}"
        training_view = "workflowType=machine_learning"  # else a fresh browser gets the menu for language models
        if path:
            return f"{page}/{path}?{training_view}"
        return f"{page}/runs?viewStateShareKey={view.NAME}&{training_view}"


def ui_port() -> int:
    """Return the port on which `make ui` and the verb ui serve: the environment's PORT, else 5000."""
    given = os.environ.get("PORT", "")
    return int(given) if given.isdecimal() and 0 < int(given) < 2**16 else PORT


def default_uri() -> str:
    """Return the address of the database in mlruns/."""
    return f"{SQLITE}{ROOT / 'mlruns' / 'mlflow.db'}"


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
    key = "tracking.uri" if uri else "MLFLOW_TRACKING_URI"
    uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or default_uri()
    check_uri(uri, key)
    uri = uri.rstrip("/")
    home = ROOT / "mlruns"
    database = None
    if uri.startswith(SQLITE):
        database = Path(uri.removeprefix(SQLITE)).absolute()
        home, uri = database.parent, f"{SQLITE}{database}"
    store = TrackingStore(uri, experiment, None, home)
    try:
        with _locked(store):
            return store._replace(experiment_id=_experiment_id(store, database, WAIT if wait is None else wait))
    except ServerUnavailable as error:
        if must_answer:
            raise
        log.warning("warning: %s", error)
        return store


@contextmanager
def _locked(store: TrackingStore) -> Iterator[None]:
    """Hold the lock of a database in a file, whose folder is made: concurrent migrations of one kill each other.

    Raises:
        UserError: the folder cannot be made or written to.
    """
    if not store.is_local:
        yield
        return
    lock = FileLock(store.home / "mlflow.db.lock")
    try:
        store.home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise UserError(
            f"tracking.uri={store.uri}: cannot write {error.filename or store.home}: {error.strerror or error}. Make "
            "it writable, or choose another database: tracking.uri=sqlite:////FOLDER/mlflow.db"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _experiment_id(store: TrackingStore, database: Path | None, wait: float) -> str:
    began = time.monotonic()
    while True:
        try:
            if database is None:
                check_health(store.uri)
            else:
                make_database(database)
            with understood():
                experiment = store.client.get_experiment_by_name(store.experiment)
                experiment_id = _create(store) if experiment is None else experiment.experiment_id
            promised(bool(experiment_id), "an experiment without an id")
        except UNAVAILABLE as error:
            if getattr(error, "error_code", "") == "RESOURCE_ALREADY_EXISTS":  # another process was faster
                continue
            if database is not None and is_spoiled(error):
                raise UserError(
                    f"tracking.uri={store.uri}: its tables are not those of this MLflow ({reason(error)}): a start "
                    f"that was interrupted may have left them half made. Move {database} away, and the next start "
                    f"makes a new one; if it holds runs, bring it up to date instead: mlflow db upgrade {store.uri}"
                ) from error
            if is_permanent(error):
                raise UserError(f"tracking.uri={hide_secrets(store.uri)}: {reason(error)}") from error
            if time.monotonic() - began >= wait:
                raise ServerUnavailable(
                    f"tracking.uri={hide_secrets(store.uri)} does not answer: {reason(error)}"
                ) from error
            Event().wait(1)
        else:
            if experiment is not None and experiment.lifecycle_stage == "deleted":
                raise UserError(
                    f"tracking.experiment={store.experiment} was deleted; restore it or choose another name"
                )
            return experiment_id


def _create(store: TrackingStore) -> str:
    location = f"{store.artifacts.as_uri()}/{quote(store.experiment, safe='')}" if store.is_local else None
    tags = {view.TAG: view.state()}
    return store.client.create_experiment(store.experiment, artifact_location=location, tags=tags)
