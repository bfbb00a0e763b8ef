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
from typing import Any, NamedTuple

from filelock import BaseFileLock, FileLock

from fer_exp.errors import UserError
from fer_exp.system import atomic

ENTRIES, DELIVERED, REFUSED, LOCK = "entries.jsonl", "delivered.json", "refused.jsonl", ".lock"
UNREADABLE = "unreadable"  # the operation of a line that cannot be read
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Entry(NamedTuple):
    """A line of the journal: what to do, with what, and where in the file the next one begins."""

    op: str
    values: dict[str, Any]
    end: int


class Journal:
    """The records that one process makes of one run: JSON lines, and the files that they name, in a folder of its own.

    A line counts once it is complete, and is never changed. `delivered.json` says up to where all is delivered, and
    the run's id on the server; it is replaced after each delivery, so that at most the last delivery is sent a second
    time after a crash. The folder is locked by the process that writes or delivers it.
    """

    def __init__(self, folder: Path, lock: BaseFileLock) -> None:
        self.folder, self._lock, self.id = folder, lock, folder.name
        self.files = 0
        self.position, self.run_id = read_delivered(folder)

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
            raise _failed(folder, error) from error
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
                file.write(json.dumps({"op": op, **values}).encode() + b"\n")
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
    def is_behind(self) -> bool:
        """Return whether there is more in it than is delivered."""
        return (self.folder / ENTRIES).stat().st_size > self.position

    def pending(self) -> Iterator[Entry]:
        """Yield the entries that are not delivered, but for one that is incomplete because its writer was killed."""
        file = self.folder / ENTRIES
        if not file.exists():
            return
        with file.open("rb") as lines:
            lines.seek(self.position)
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                yield _entry(line, lines.tell())

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
        """Set aside entries that the server will never take, with the reason; the files that they name stay.

        Raises:
            OSError: as for `advance`.
        """
        with (self.folder / REFUSED).open("a") as file:
            for entry in entries:
                file.write(json.dumps({"reason": reason, "op": entry.op, **entry.values}) + "\n")
        self._move_on(entries, run_id)

    def _move_on(self, entries: list[Entry], run_id: str | None) -> None:
        position = entries[-1].end
        content = json.dumps({"position": position, "run_id": run_id})
        atomic.write(self.folder / DELIVERED, content.encode())
        self.position, self.run_id = position, run_id

    @property
    def refused(self) -> int:
        """Return how many entries were set aside."""
        file = self.folder / REFUSED
        return len(set(file.read_text().splitlines())) if file.exists() else 0

    def close(self) -> None:
        """Release the journal to other processes, or remove it when nothing is left in it."""
        try:
            if not self.refused and next(self.pending(), None) is None:
                # hidden from those who look for journals before its first file is gone
                shutil.rmtree(self.folder.rename(_hidden(self.folder)), ignore_errors=True)
        finally:
            self._lock.release()


def _hidden(folder: Path) -> Path:
    return folder.with_name(f"{atomic.PART}{folder.name}")


def read_delivered(folder: Path) -> tuple[int, str | None]:
    """Return up to where a journal is delivered (0 where that is damaged or not written yet), and the run's id."""
    try:
        delivered = json.loads((folder / DELIVERED).read_text())
        return int(delivered["position"]), delivered["run_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0, None


def read_about(folder: Path) -> dict[str, Any]:
    """Return a journal's first entry; empty where it is damaged."""
    try:
        with (folder / ENTRIES).open("rb") as lines:
            op, values, _ = _entry(lines.readline(), 0)
    except OSError:
        return {}
    return values if op == "run" else {}


def _entry(line: bytes, end: int) -> Entry:
    try:
        values = json.loads(line)
        return Entry(values.pop("op"), values, end)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Entry(UNREADABLE, {"line": repr(line[:2000])}, end)


def _failed(folder: Path, error: OSError) -> UserError:
    remedy = ". Make room" if error.errno in DISK_FULL else ""
    return UserError(f"{folder}: {error.strerror or error}; what was recorded before is kept there{remedy}")
