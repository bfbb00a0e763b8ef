"""One process at a time goes on with a run."""

from __future__ import annotations

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
    # the file stays: whoever waits for it would wait for another one
    lock = FileLock(store.locks / f"{check_run_id(run.info.run_id)}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Taken(f"{run_title(run)}: another process goes on with it; wait until it ends") from None
    except OSError as error:
        raise UserError(f"{lock.lock_file}: {error.strerror or error}") from error
    try:
        _, now = find_run(store, run.info.run_id)
        if now.info.status != run.info.status:
            raise Taken(f"{run_title(run)} went on in another process meanwhile: it is {now.info.status}")
        yield
    finally:
        lock.release()
