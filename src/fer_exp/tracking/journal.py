"""What a run records, on this machine's disk before it is anywhere else, until the tracking server has it."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from fer_exp import whole
from fer_exp.errors import UserError

ENTRIES, DELIVERED, REFUSED, LOCK = "entries.jsonl", "delivered.json", "refused.jsonl", ".lock"


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
        file = folder / DELIVERED
        known = json.loads(file.read_text()) if file.exists() else {}
        self.position: int = known.get("position", 0)
        self.run_id: str | None = known.get("run_id")

    @classmethod
    def begin(cls, home: Path, **about: Any) -> Journal:
        """A new one in a folder of journals, with what it is about as its first entry (`run`).

        Raises:
            UserError: the disk is full or the folder cannot be written to.
        """
        folder = home / uuid.uuid4().hex
        hidden = folder.with_name(f"{whole.PART}{folder.name}")  # until it is locked
        try:
            hidden.mkdir(mode=0o700, parents=True)
            lock = FileLock(hidden / LOCK)
            lock.acquire()
            (hidden / ENTRIES).write_bytes(_line("run", about))
            hidden.rename(folder)
        except OSError as error:
            raise _full(folder, error) from error
        return cls(folder, lock)

    @classmethod
    def left(cls, home: Path) -> Iterator[Journal]:
        """Those that no process writes any more, oldest first; each is released when the next one is asked for."""
        folders = [folder for folder in home.glob("[!.]*") if folder.is_dir()]
        for folder in sorted(folders, key=lambda folder: (_began(folder), folder.name)):
            lock = FileLock(folder / LOCK, timeout=0)
            try:
                lock.acquire()
            except (Timeout, OSError):
                continue
            try:
                if (folder / ENTRIES).exists():
                    yield cls(folder, lock)
                else:  # another process has just done with it
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                lock.release()

    def append(self, op: str, safe: bool = False, **values: Any) -> None:
        """Add an entry; `safe`: it survives a power failure too.

        Raises:
            UserError: the disk is full.
        """
        try:
            with (self.folder / ENTRIES).open("ab") as file:
                file.write(_line(op, values))
                file.flush()
                if safe:
                    os.fsync(file.fileno())
        except OSError as error:
            raise _full(self.folder, error) from error

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
            raise _full(self.folder, error) from error

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

    def first(self) -> Entry:
        """What the journal is about."""
        with (self.folder / ENTRIES).open("rb") as lines:
            return _entry(lines.readline(), lines.tell())

    def advance(self, entries: list[Entry], run_id: str | None) -> None:
        """These entries are delivered; the files that they name go."""
        self._pass(entries, run_id)
        for entry in entries:
            if "file" in entry.values:
                shutil.rmtree(self.path(entry.values["file"]).parent, ignore_errors=True)

    def refuse(self, entries: list[Entry], run_id: str | None, reason: str) -> None:
        """Put entries aside that the server will never take, with the reason; the files that they name stay."""
        with (self.folder / REFUSED).open("a") as file:
            for entry in entries:
                file.write(json.dumps({"reason": reason, "op": entry.op, **entry.values}) + "\n")
        self._pass(entries, run_id)

    def _pass(self, entries: list[Entry], run_id: str | None) -> None:
        self.position, self.run_id = entries[-1].end, run_id
        content = json.dumps({"position": self.position, "run_id": run_id})
        whole.write(self.folder / DELIVERED, content.encode())

    @property
    def refused(self) -> int:
        """How many entries were put aside."""
        file = self.folder / REFUSED
        return len(file.read_text().splitlines()) if file.exists() else 0

    def close(self) -> None:
        """Let others have it; a journal with nothing left in it goes."""
        if not self.refused and next(self.pending(), None) is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()


def _line(op: str, values: dict[str, Any]) -> bytes:
    return json.dumps({"op": op, **values}).encode() + b"\n"


def _entry(line: bytes, end: int) -> Entry:
    values = json.loads(line)
    return Entry(values.pop("op"), values, end)


def _began(folder: Path) -> float:
    try:
        with (folder / ENTRIES).open("rb") as lines:
            return float(json.loads(lines.readline())["at"])
    except (OSError, ValueError, KeyError):
        return 0.0


def _full(folder: Path, error: OSError) -> UserError:
    return UserError(f"{folder}: {error.strerror or error}; what was recorded before is kept there. Make room")
