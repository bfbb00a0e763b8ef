"""The database in a file: it is made whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from pathlib import Path

from mlflow import MlflowClient

from fer_exp.config.tracking import SQLITE
from fer_exp.system import atomic

# what sqlite says where tables are missing or there already, and of a file that is damaged or something else
SPOILED = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def make_database(file: Path) -> None:
    """Make MLflow's tables beside the place of a database that is not there yet, and move them in.

    Making them takes a second and many steps: a file that is interrupted in their midst can never be used. The caller
    holds a lock: several processes that make them kill each other.

    Raises:
        UNAVAILABLE: they cannot be made.
    """
    if file.exists() and file.stat().st_size > 0:
        return
    scratch = f"{atomic.PART}{file.name}-"
    for left in file.parent.glob(f"{scratch}*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    folder = file.parent / f"{scratch}{uuid.uuid4().hex[:12]}"
    folder.mkdir()
    try:
        MlflowClient(f"{SQLITE}{folder / file.name}").search_experiments(max_results=1)
        with atomic.replacing(file) as part:  # a copy: MLflow keeps the other file open
            shutil.copyfile(folder / file.name, part)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_spoiled(error: BaseException) -> bool:
    """Return whether an error says that a database is not one of this MLflow: half made, older, or damaged."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlite_errorcode", None) in SPOILED or "out-of-date database schema" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
