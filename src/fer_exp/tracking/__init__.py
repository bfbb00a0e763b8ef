"""Runs in MLflow: the one package that imports it."""

import logging
import os

os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
# MLflow's own seven attempts take four minutes; the journal is patient enough
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")  # seconds
# a server that is too busy may say an hour; the delivery has pauses of its own
os.environ.setdefault("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "false")

from mlflow.entities import Run

from fer_exp.tracking.claim import Taken, alone, claimed
from fer_exp.tracking.errors import ServerUnavailable
from fer_exp.tracking.ids import check_run_id
from fer_exp.tracking.listing import experiment_names, newest_runs
from fer_exp.tracking.naming import find_named
from fer_exp.tracking.recorder import Recorder
from fer_exp.tracking.recovery import abandoned_journals, deliver, deliver_abandoned, foreign_journals, is_behind
from fer_exp.tracking.runs import (
    check_finished,
    checkpoint_files,
    class_names,
    close_abandoned,
    download_artifact,
    find_run,
    history,
    load_config,
    run_title,
    stored_files,
    sweep_runs,
    training_runs,
)
from fer_exp.tracking.store import TrackingStore, default_uri, open_store, ui_port

for noisy in ("mlflow", "alembic"):
    logging.getLogger(noisy).setLevel(logging.WARNING)
logging.getLogger("urllib3").setLevel(logging.ERROR)  # without its warnings that it tries again
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it raises what it logs too

__all__ = [
    "Recorder",
    "Run",
    "ServerUnavailable",
    "Taken",
    "TrackingStore",
    "abandoned_journals",
    "alone",
    "check_finished",
    "check_run_id",
    "checkpoint_files",
    "claimed",
    "class_names",
    "close_abandoned",
    "default_uri",
    "deliver",
    "deliver_abandoned",
    "download_artifact",
    "experiment_names",
    "find_named",
    "find_run",
    "foreign_journals",
    "history",
    "is_behind",
    "load_config",
    "newest_runs",
    "open_store",
    "run_title",
    "stored_files",
    "sweep_runs",
    "training_runs",
    "ui_port",
]
