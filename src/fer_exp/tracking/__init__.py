"""Runs in MLflow: the one package that imports it."""

import logging
import os

os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from mlflow.entities import Run

from fer_exp.tracking.place import Place, default_uri, open_place
from fer_exp.tracking.recorder import Recorder, check_run_id
from fer_exp.tracking.stored import close_dead, fetch, find_run, history, stored_files, sweep_runs, told, training_runs

for noisy in ("mlflow", "alembic"):
    logging.getLogger(noisy).setLevel(logging.WARNING)

__all__ = [
    "Place",
    "Recorder",
    "Run",
    "check_run_id",
    "close_dead",
    "default_uri",
    "fetch",
    "find_run",
    "history",
    "open_place",
    "stored_files",
    "sweep_runs",
    "told",
    "training_runs",
]
