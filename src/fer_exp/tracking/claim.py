"""One process at a time goes on with a run, or trains what several are about to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from fer_exp.errors import UserError
from fer_exp.tracking.ids import check_run_id
from fer_exp.tracking.runs import find_run, run_title

if TYPE_CHECKING:
    from mlflow.entities import Run

    from fer_exp.tracking.store import TrackingStore

log = logging.getLogger(__name__)


class Taken(UserError):
    """A run that another process goes on with, or went on with meanwhile."""


@contextmanager
def claimed(store: TrackingStore, run: Run) -> Iterator[None]:
    """Keep a run for this process until the block ends; the system gives it free when the process dies.

    Args:
        store: whose folder holds the lock, for all processes that see it.
        run: as it was when it was found.

    Raises:
        Taken: another process has it, or went on with it after it was found.
        UserError: the lock cannot be made.
    """
    lock = _lock(store, check_run_id(run.info.run_id))
    if not _acquired(lock):
        raise Taken(f"{run_title(run)}: another process goes on with it; wait until it ends")
    try:
        _, now = find_run(store, run.info.run_id)
        if now.info.status != run.info.status:
            raise Taken(f"{run_title(run)} went on in another process meanwhile: it is {now.info.status}")
        yield
    finally:
        lock.release()


@contextmanager
def alone(store: TrackingStore, config_hash: str) -> Iterator[None]:
    """Keep a configuration for this process until the block ends: two jobs of a sweep do not both train it.

    Raises:
        UserError: the lock cannot be made.
    """
    lock = _lock(store, f"config-{config_hash}")
    if not _acquired(lock):
        log.info("another process trains the same run: this one waits until it ends")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _lock(store: TrackingStore, name: str) -> FileLock:
    # the file stays: whoever waits for it would wait for another one
    return FileLock(store.locks / f"{name}.lock")


def _acquired(lock: FileLock) -> bool:
    """Return whether this process has the lock now; raise UserError where it cannot be made."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    except OSError as error:
        raise UserError(f"{lock.lock_file}: {error.strerror or error}") from error
    return True
