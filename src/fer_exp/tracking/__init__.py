"""Runs in MLflow: the one package that imports it."""

import logging
import os

os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
# MLflow's own seven tries take four minutes; the journal is patient enough
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")  # seconds

from mlflow.entities import Run

from fer_exp.tracking.errors import Unanswered, masked
from fer_exp.tracking.recorder import Recorder
from fer_exp.tracking.recovery import deliver, deliver_left, is_behind, left
from fer_exp.tracking.runs import (
    checkpoint_files,
    close_dead,
    fetch,
    find_run,
    history,
    stored_files,
    sweep_runs,
    told,
    training_runs,
)
from fer_exp.tracking.store import Place, check_run_id, default_uri, open_place

for noisy in ("mlflow", "alembic"):
    logging.getLogger(noisy).setLevel(logging.WARNING)
logging.getLogger("urllib3").setLevel(logging.ERROR)  # that it tries again
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it raises what it logs

__all__ = [
    "Place",
    "Recorder",
    "Run",
    "Unanswered",
    "check_run_id",
    "checkpoint_files",
    "close_dead",
    "default_uri",
    "deliver",
    "deliver_left",
    "fetch",
    "find_run",
    "history",
    "is_behind",
    "left",
    "masked",
    "open_place",
    "stored_files",
    "sweep_runs",
    "told",
    "training_runs",
]
