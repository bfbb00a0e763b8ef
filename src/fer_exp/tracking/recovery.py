"""Journals that processes left: found, locked, delivered."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from tqdm import tqdm

from fer_exp.errors import UserError
from fer_exp.system import atomic as whole
from fer_exp.tracking.delivery import Delivery
from fer_exp.tracking.errors import UNANSWERED, Unanswered, masked, reason, will_never_be_taken
from fer_exp.tracking.journal import ENTRIES, LOCK, Journal, about, noted

if TYPE_CHECKING:
    from mlflow.entities import Run

    from fer_exp.tracking.store import Place

log = logging.getLogger(__name__)

STALE = 3600  # seconds after which a folder that a killed process was making or removing goes
DONE_WITH = 30  # seconds that another process has to be done with a journal


class Undeliverable(UserError):
    """A journal that its server will not take, whereas it may take others."""


def deliver(journal: Journal, uri: str | None = None) -> int:
    """Deliver a journal that was left; returns how many entries that took.

    Raises:
        Unanswered: the server takes nothing at present.
        Undeliverable: it does not know the run, or the experiment is deleted; or the journal is damaged.
    """
    try:
        delivery = Delivery(journal, uri)
        if run_id := journal.run_id:
            delivery.client.get_run(run_id)  # before a wrong server refuses all, one by one
        count = 0
        name = delivery.about["name"]
        with tqdm(total=sum(1 for _ in journal.pending()), desc=f"delivering {name}", delay=2, leave=False) as bar:
            while sent := delivery.step():
                count += sent
                bar.update(sent)
        return count
    except Unanswered:
        raise
    except UserError as error:
        raise Undeliverable(str(error)) from error
    except UNANSWERED as error:
        where = masked(uri or journal.about["uri"])
        if will_never_be_taken(error):
            raise Undeliverable(f"{journal.folder}: {where}: {reason(error)}") from error
        raise Unanswered(f"{where} does not answer ({reason(error)})") from error
    except Exception as error:
        raise Undeliverable(f"{journal.folder}: {type(error).__name__}: {reason(error)}") from error


def left(home: Path) -> Iterator[Journal]:
    """Those that no process writes any more, oldest first; each is released when the next one is asked for."""
    for folder in _folders(home):
        with _locked(folder, 0) as lock:
            if lock is not None:
                yield Journal(folder, lock)
    for folder in home.glob(f"{whole.PART}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE:
                shutil.rmtree(folder)


def of(home: Path, names: set[str], seconds: float = 0) -> Iterator[Journal]:
    """Those of a run, oldest first, by any of the ids that it has had.

    Raises:
        UserError: another process has one of them, and keeps it for more than so many seconds.
    """
    for folder in _folders(home):
        if names & {folder.name, noted(folder)[1], about(folder).get("run_id")}:
            with _locked(folder, seconds) as lock:
                if lock is not None:
                    yield Journal(folder, lock)
                elif folder.exists():
                    raise UserError(f"{folder}: another process writes or delivers it; wait for its end")


def is_behind(place: Place, run: Run) -> bool:
    """Whether this machine has records of a run that its server has not got, or another process has."""
    try:
        return next(of(place.journal, place.names(run)), None) is not None
    except UserError:
        return True


def deliver_left(place: Place) -> int:
    """Deliver what processes that are gone recorded for this place and its server did not get; returns how much.

    A journal that the server will not take stays, and is named.

    Raises:
        Unanswered: the server takes nothing.
    """
    count = 0
    for journal in left(place.journal):
        try:
            if journal.about["uri"] == place.uri:
                count += deliver(journal)
        except Unanswered:
            raise
        except UserError as error:
            log.warning("warning: not delivered, and kept: %s", error)
        finally:
            journal.close()
    return count


def deliver_run(place: Place, run: Run) -> None:
    """Deliver all that processes that are gone recorded of this run.

    Raises:
        Unanswered: the server does not answer.
        UserError: another process has a journal of the run, or the server will not take it.
    """
    for journal in of(place.journal, place.names(run), DONE_WITH):
        try:
            deliver(journal, place.uri)
        finally:
            journal.close()


def _folders(home: Path) -> list[Path]:
    """The folders of journals, oldest first."""
    found = [folder for folder in home.glob("[!.]*") if (folder / ENTRIES).is_file()]
    return sorted(found, key=lambda folder: (about(folder).get("at", 0.0), folder.name))


@contextmanager
def _locked(folder: Path, seconds: float) -> Iterator[FileLock | None]:
    """The folder's lock, or None where another process keeps it, or has removed the folder."""
    lock = FileLock(folder / LOCK, timeout=seconds)
    try:
        lock.acquire()
    except (Timeout, OSError):
        yield None
        return
    try:
        gone = not (folder / ENTRIES).is_file()
        if gone:  # locking made it anew, with nothing but the lock
            with suppress(OSError):
                (folder / LOCK).unlink()
                folder.rmdir()
        yield None if gone else lock
    finally:
        lock.release()
