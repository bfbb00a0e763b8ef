"""Recovery of the journals that processes left behind: they are found, locked and delivered."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import BaseFileLock, FileLock, Timeout
from tqdm import tqdm

from fer_exp.errors import UserError
from fer_exp.system import atomic
from fer_exp.system.addresses import hide_secrets
from fer_exp.tracking.answers import get_run
from fer_exp.tracking.delivery import Delivery
from fer_exp.tracking.errors import UNAVAILABLE, NotKept, ServerUnavailable, is_permanent, reason
from fer_exp.tracking.journal import ENTRIES, LOCK, Journal, read_about
from fer_exp.tracking.progress import Progress

if TYPE_CHECKING:
    from mlflow.entities import Run

    from fer_exp.tracking.store import TrackingStore

log = logging.getLogger(__name__)

STALE = 3600  # seconds after which a folder that a killed process was making or removing goes
LOCK_WAIT = 30  # seconds that another process has to finish with a journal


class Undeliverable(UserError):
    """A journal that its server will not take, whereas it may take others."""


def deliver(journal: Journal, uri: str | None = None) -> int:
    """Deliver an abandoned journal, and return how many entries that took.

    Raises:
        ServerUnavailable: the server does not answer at present.
        Undeliverable: the server does not know the run, or the experiment is deleted; or the journal is damaged.
    """
    try:
        delivery = Delivery(journal, uri)
        if run_id := journal.run_id:
            get_run(delivery.client, run_id)  # raises before a wrong server refuses every entry, one by one
        count = _send_all(delivery)
        if journal.is_confirmed:
            return count
        try:
            delivery.confirm()
        except NotKept:  # an earlier process sent it to whom it should not have trusted
            count = _send_all(delivery)
            delivery.confirm()
        return count
    except ServerUnavailable:
        raise
    except UserError as error:
        raise Undeliverable(str(error)) from error
    except UNAVAILABLE as error:
        address = hide_secrets(uri or journal.about["uri"])
        if is_permanent(error):
            raise Undeliverable(f"{journal.folder}: {address}: {reason(error)}") from error
        raise ServerUnavailable(f"{address} does not answer ({reason(error)})") from error
    except Exception as error:
        raise Undeliverable(f"{journal.folder}: {type(error).__name__}: {reason(error)}") from error


def _send_all(delivery: Delivery) -> int:
    """Deliver what a journal holds, and return how many entries that took."""
    journal, count = delivery.journal, 0
    with tqdm(total=journal.waiting, desc=f"delivering {delivery.about['name']}", delay=2, leave=False) as bar:
        while sent := delivery.step():
            count += sent
            bar.update(sent)
    return count


def abandoned_journals(home: Path) -> Iterator[Journal]:
    """Yield the journals that no process writes any more, oldest first; each is released when the next is asked for."""
    for folder in _folders(home):
        with _locked(folder, 0) as lock:
            if lock is not None:
                yield Journal(folder, lock)
    for folder in home.glob(f"{atomic.PART}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE:
                shutil.rmtree(folder)


def journals_of(home: Path, run_ids: set[str], seconds: float = 0) -> Iterator[Journal]:
    """Yield the journals of a run, oldest first, by any of the ids that it has had.

    Raises:
        UserError: another process has one of them, and keeps it for longer than that.
    """
    for folder in _folders(home):
        if run_ids & {folder.name, Progress.read(folder).run_id, read_about(folder).get("run_id")}:
            with _locked(folder, seconds) as lock:
                if lock is not None:
                    yield Journal(folder, lock)
                elif folder.exists():
                    raise UserError(f"{folder}: another process writes or delivers it; wait until it ends")


def is_behind(store: TrackingStore, run: Run) -> bool:
    """Return whether this machine has records of a run that its server lacks, or that another process holds."""
    try:
        return next(journals_of(store.journal, store.run_ids(run)), None) is not None
    except UserError:
        return True


def deliver_abandoned(store: TrackingStore) -> int:
    """Deliver what processes that are gone recorded for this store, and return how many entries that took.

    A journal that the server will not take stays, and is named.

    Raises:
        ServerUnavailable: the server does not answer.
    """
    count = 0
    for journal in abandoned_journals(store.journal):
        try:
            if journal.about["uri"] == store.uri:
                count += deliver(journal)
        except ServerUnavailable:
            raise
        except UserError as error:
            log.warning("warning: not delivered, and kept: %s", error)
        finally:
            journal.close()
    return count


def deliver_run(store: TrackingStore, run: Run) -> None:
    """Deliver all that processes that are gone recorded of this run.

    Raises:
        ServerUnavailable: the server does not answer.
        UserError: another process has a journal of the run, or the server will not take it.
    """
    for journal in journals_of(store.journal, store.run_ids(run), LOCK_WAIT):
        try:
            deliver(journal, store.uri)
        finally:
            journal.close()


def _folders(home: Path) -> list[Path]:
    """Return the folders of journals that this user may read, oldest first.

    Raises:
        UserError: nobody may look into `home`.
    """
    folders = [folder for folder in _listed(home) if os.access(folder, os.R_OK | os.X_OK)]
    journals = [folder for folder in folders if (folder / ENTRIES).is_file()]
    return sorted(journals, key=lambda folder: (read_about(folder).get("at", 0.0), folder.name))


def foreign_journals(home: Path) -> list[Path]:
    """Return the journals that this user may not read: each is for the user alone who recorded it."""
    return [folder for folder in _listed(home) if not os.access(folder, os.R_OK | os.X_OK)]


def _listed(home: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(home) if entry.name[0] != "."]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"cannot look for journals in {home}: {error.strerror}") from error


@contextmanager
def _locked(folder: Path, seconds: float) -> Iterator[BaseFileLock | None]:
    """Yield the folder's lock, or None where another process keeps it or has removed the folder."""
    lock = FileLock(folder / LOCK, timeout=seconds)
    try:
        lock.acquire()
    except (Timeout, OSError):
        yield None
        return
    try:
        gone = not (folder / ENTRIES).is_file()
        if gone:  # locking made the folder anew, with nothing but the lock
            with suppress(OSError):
                (folder / LOCK).unlink()
                folder.rmdir()
        yield None if gone else lock
    finally:
        lock.release()
