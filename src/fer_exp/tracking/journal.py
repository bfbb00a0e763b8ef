"""The records of a run on this machine's disk, where they are kept until the tracking server has them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock

from fer_exp.errors import UserError
from fer_exp.system import atomic
from fer_exp.tracking.entries import Entry, encode, read_entry
from fer_exp.tracking.progress import Progress

ENTRIES, REFUSED, LOCK = "entries.jsonl", "refused.jsonl", ".lock"
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PROTECTED = (errno.EACCES, errno.EPERM, errno.EROFS)


class Journal:
    """The records that one process makes of one run: JSON lines, and the files that they name, in a folder of its own.

    A line counts once it is complete, and is never changed. `delivered.json` says up to where all is delivered, up to
    where the server was seen to have it, and the run's id there; it is replaced after each delivery, so that at most
    the last delivery is sent a second time after a crash. The folder is locked by the process that writes or delivers
    it.
    """

    def __init__(self, folder: Path, lock: BaseFileLock) -> None:
        self.folder, self._lock, self.id = folder, lock, folder.name
        self.files = 0
        self.progress = Progress.read(folder)

    @classmethod
    def begin(cls, home: Path, **about: Any) -> Journal:
        """Begin a journal in a folder of journals, with what it is about as its first entry (`run`).

        Raises:
            UserError: the disk is full or the folder cannot be written to.
        """
        folder = home / uuid.uuid4().hex
        hidden = _hidden(folder)  # until it is locked
        try:
            hidden.mkdir(mode=0o700, parents=True)
            lock = FileLock(hidden / LOCK)
            lock.acquire()
            self = cls(hidden, lock)
            self.append("run", safe=True, **about)
            self.folder, self.id = hidden.rename(folder), folder.name
        except OSError as error:
            raise UserError(f"{home}: {error.strerror or error}; no run can begin{_remedy(error)}") from error
        return self

    def append(self, op: str, safe: bool = False, **values: Any) -> None:
        """Add an entry, which survives a power failure too if it is `safe`.

        Raises:
            UserError: the disk is full.
        """
        path = self.folder / ENTRIES
        size = path.stat().st_size if path.exists() else 0
        try:
            with path.open("ab") as file:
                file.write(encode({"op": op, **values}))
                file.flush()
                if safe:
                    os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                os.truncate(path, size)  # half an entry would spoil the next one
            raise _failed(self.folder, error) from error

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Yield the path for a file that an entry will name: nothing else stands in its folder.

        Raises:
            UserError: the disk is full.
        """
        self.files += 1
        folder = self.folder / "files" / f"{self.files:06d}"
        try:
            folder.mkdir(parents=True)
            yield folder / name
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise _failed(self.folder, error) from error

    def keep(self, file: Path) -> Path:
        """Keep a file as it is now, and return its path here: a link, for it may not change, or else a copy."""
        with self.file(file.name) as kept:
            if not atomic.link(file, kept):
                shutil.copyfile(file, kept)
        return kept

    def local(self, path: Path) -> str:
        """Return the path of a file of this journal, as entries name it."""
        return path.relative_to(self.folder).as_posix()

    def path(self, local: str) -> Path:
        """Return the file that an entry names.

        Raises:
            ValueError: it lies outside this journal.
        """
        path = (self.folder / local).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise ValueError(f"{local} leaves the journal")
        return path

    @property
    def run_id(self) -> str | None:
        """Return the run's id on the server; None until the server knows the run."""
        return self.progress.run_id

    @property
    def is_behind(self) -> bool:
        """Return whether there is more in it than is delivered."""
        return (self.folder / ENTRIES).stat().st_size > self.progress.position

    @property
    def is_confirmed(self) -> bool:
        """Return whether the server was seen to have all that was delivered to it."""
        return self.progress.confirmed == self.progress.position

    @property
    def waiting(self) -> int:
        """Return how many entries are not delivered."""
        return sum(1 for _ in self._lines(self.progress.position))

    def pending(self) -> Iterator[Entry]:
        """Yield the entries that are not delivered, but for one that is incomplete because its writer was killed."""
        return (read_entry(line, end) for line, end in self._lines(self.progress.position))

    def delivered(self) -> Iterator[Entry]:
        """Yield the entries that the server has taken."""
        refused = set()
        for refusal in self._refusals():
            with suppress(ValueError, KeyError):  # its writer was killed, or knew no positions yet
                refused.add(json.loads(refusal)["end"])
        for line, end in self._lines(0):
            if end > self.progress.position:
                return
            if end not in refused:
                yield read_entry(line, end)

    def _lines(self, start: int) -> Iterator[tuple[bytes, int]]:
        """Yield each complete line from a position on, and the position behind it."""
        file = self.folder / ENTRIES
        if not file.exists():
            return
        with file.open("rb") as lines:
            lines.seek(start)
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                yield line, lines.tell()

    @property
    def about(self) -> dict[str, Any]:
        """Return what the journal is about.

        Raises:
            UserError: its first line is damaged.
        """
        if not (values := read_about(self.folder)):
            raise UserError(f"{self.folder}: its first line is damaged, so the run that it belongs to is not known")
        return values

    def advance(self, entries: list[Entry], run_id: str | None) -> None:
        """Note that these entries are delivered, and remove the files that they name.

        Raises:
            OSError: that could not be noted; nothing has changed.
        """
        self._move_on(entries, run_id)
        for entry in entries:
            if "file" in entry.values:
                shutil.rmtree(self.path(entry.values["file"]).parent, ignore_errors=True)

    def refuse(self, entries: list[Entry], run_id: str | None, reason: str) -> None:
        """Set aside entries that can never be delivered, with the reason; the files that they name stay.

        Raises:
            OSError: as for `advance`.
        """
        with (self.folder / REFUSED).open("a") as file:
            for entry in entries:
                file.write(json.dumps({"reason": reason, "op": entry.op, **entry.values, "end": entry.end}) + "\n")
        self._move_on(entries, run_id)

    def _move_on(self, entries: list[Entry], run_id: str | None) -> None:
        self.note(self.progress._replace(position=entries[-1].end, run_id=run_id))

    def note(self, progress: Progress) -> None:
        """Note how far it is delivered.

        Raises:
            OSError: as for `advance`.
        """
        progress.write(self.folder)
        self.progress = progress

    @property
    def refused(self) -> int:
        """Return how many entries were set aside."""
        return len(set(self._refusals()))

    def _refusals(self) -> list[str]:
        file = self.folder / REFUSED
        return file.read_text().splitlines() if file.exists() else []

    def close(self) -> None:
        """Release the journal to other processes, or remove it when the server has all of it."""
        try:
            if self.is_confirmed and not self.refused and next(self._lines(self.progress.position), None) is None:
                # hidden from those who look for journals before its first file is gone
                shutil.rmtree(self.folder.rename(_hidden(self.folder)), ignore_errors=True)
        finally:
            self._lock.release()


def _hidden(folder: Path) -> Path:
    return folder.with_name(f"{atomic.PART}{folder.name}")


def read_about(folder: Path) -> dict[str, Any]:
    """Return a journal's first entry; empty where it is damaged."""
    try:
        with (folder / ENTRIES).open("rb") as lines:
            op, values, _ = read_entry(lines.readline(), 0)
    except OSError:
        return {}
    return values if op == "run" else {}


def _failed(folder: Path, error: OSError) -> UserError:
    return UserError(f"{folder}: {error.strerror or error}; what was recorded before is kept there{_remedy(error)}")


def _remedy(error: OSError) -> str:
    if error.errno in DISK_FULL:
        return ". Make room"
    return ". Make it writable" if error.errno in PROTECTED else ""
