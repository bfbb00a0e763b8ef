"""What a run records, on this machine's disk before it is anywhere else, until the tracking server has it."""

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

from filelock import FileLock

from fer_exp.errors import UserError
from fer_exp.system import atomic as whole

ENTRIES, DELIVERED, REFUSED, LOCK = "entries.jsonl", "delivered.json", "refused.jsonl", ".lock"
UNREADABLE = "unreadable"  # what is done with a line that says nothing
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Entry(NamedTuple):
    """A line of the journal: what to do, with what, and where in the file the next one begins."""

    op: str
    values: dict[str, Any]
    end: int


class Journal:
    """What one process records of one run: JSON lines, and the files that they name, in a folder of its own.

    A line counts once it is complete, and is never changed. `delivered.json` says up to where all is delivered and
    what the run's id is there; it is replaced after each delivery, so that what is sent a second time after a crash is
    the last delivery at most. The folder is locked by the process that writes, or delivers, it.
    """

    def __init__(self, folder: Path, lock: FileLock):
        self.folder, self._lock, self.id = folder, lock, folder.name
        self.files = 0
        self.position, self.run_id = noted(folder)

    @classmethod
    def begin(cls, home: Path, **about: Any) -> Journal:
        """A new one in a folder of journals, with what it is about as its first entry (`run`).

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
        """Add an entry; `safe`: it survives a power failure too.

        Raises:
            UserError: the disk is full.
        """
        path = self.folder / ENTRIES
        before = path.stat().st_size if path.exists() else 0
        try:
            with path.open("ab") as file:
                file.write(json.dumps({"op": op, **values}).encode() + b"\n")
                file.flush()
                if safe:
                    os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                os.truncate(path, before)  # a half would spoil the next one
            raise _failed(self.folder, error) from error

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Where to write a file that an entry will name: nothing else stands in its folder.

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
        """A file as it is now, by a link where the disk has links: what may not change is not copied."""
        with self.file(file.name) as kept:
            if not whole.link(file, kept):
                shutil.copyfile(file, kept)
        return kept

    def local(self, path: Path) -> str:
        """The path of a file of this journal, as entries name it."""
        return path.relative_to(self.folder).as_posix()

    def path(self, local: str) -> Path:
        """The file that an entry names.

        Raises:
            ValueError: it is none of this journal's.
        """
        path = (self.folder / local).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise ValueError(f"{local} leaves the journal")
        return path

    @property
    def is_behind(self) -> bool:
        """Whether there is more in it than is delivered."""
        return (self.folder / ENTRIES).stat().st_size > self.position

    def pending(self) -> Iterator[Entry]:
        """Entries that are not delivered; one that is not complete, because its writer was killed, is none."""
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
        """What the journal is about.

        Raises:
            UserError: its first line is damaged.
        """
        if not (found := about(self.folder)):
            raise UserError(f"{self.folder}: its first line is damaged, so that nobody knows which run it is of")
        return found

    def advance(self, entries: list[Entry], run_id: str | None) -> None:
        """These entries are delivered; the files that they name go.

        Raises:
            OSError: that could not be noted: nothing has changed.
        """
        self._pass(entries, run_id)
        for entry in entries:
            if "file" in entry.values:
                shutil.rmtree(self.path(entry.values["file"]).parent, ignore_errors=True)

    def refuse(self, entries: list[Entry], run_id: str | None, reason: str) -> None:
        """Put entries aside that the server will never take, with the reason; the files that they name stay.

        Raises:
            OSError: as `advance`.
        """
        with (self.folder / REFUSED).open("a") as file:
            for entry in entries:
                file.write(json.dumps({"reason": reason, "op": entry.op, **entry.values}) + "\n")
        self._pass(entries, run_id)

    def _pass(self, entries: list[Entry], run_id: str | None) -> None:
        position = entries[-1].end
        content = json.dumps({"position": position, "run_id": run_id})
        whole.write(self.folder / DELIVERED, content.encode())
        self.position, self.run_id = position, run_id

    @property
    def refused(self) -> int:
        """How many entries were put aside."""
        file = self.folder / REFUSED
        return len(set(file.read_text().splitlines())) if file.exists() else 0

    def close(self) -> None:
        """Let others have it; a journal with nothing left in it goes."""
        try:
            if not self.refused and next(self.pending(), None) is None:
                # away from those who look for journals, before its first file is gone
                shutil.rmtree(self.folder.rename(_hidden(self.folder)), ignore_errors=True)
        finally:
            self._lock.release()


def _hidden(folder: Path) -> Path:
    return folder.with_name(f"{whole.PART}{folder.name}")


def noted(folder: Path) -> tuple[int, str | None]:
    """Up to where a journal is delivered, and the run's id; from the start again where the note is damaged."""
    try:
        known = json.loads((folder / DELIVERED).read_text())
        return int(known["position"]), known["run_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0, None


def about(folder: Path) -> dict[str, Any]:
    """A journal's first entry; empty where it is damaged."""
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
    remedy = ". Make room" if error.errno in FULL else ""
    return UserError(f"{folder}: {error.strerror or error}; what was recorded before is kept there{remedy}")
