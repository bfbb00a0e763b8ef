"""How far a journal is delivered, in a small file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from fer_exp.system import atomic
from fer_exp.tracking.entries import decode, encode
from fer_exp.tracking.ids import is_run_id

DELIVERED = "delivered.json"


class Progress(NamedTuple):
    """The position up to which a journal is delivered, up to which the server was seen to have it, and its run's id."""

    position: int = 0
    confirmed: int = -1
    run_id: str | None = None

    @classmethod
    def read(cls, folder: Path) -> Progress:
        """Return the progress of a journal; none where that is damaged or not written yet: then all is sent again."""
        try:
            noted = decode((folder / DELIVERED).read_bytes())
            progress = cls(int(noted["position"]), int(noted.get("confirmed", -1)), noted["run_id"])
        except (OSError, ValueError, KeyError, TypeError):
            return cls()
        return progress if is_run_id(progress.run_id) else cls()

    def write(self, folder: Path) -> None:
        """Note it, in place of what was noted before.

        Raises:
            OSError: that could not be written; nothing has changed.
        """
        atomic.write(folder / DELIVERED, encode(self._asdict()))
