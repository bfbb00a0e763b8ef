"""The ids of runs."""

from __future__ import annotations

import re

from fer_exp.errors import UserError


def is_run_id(text: object) -> bool:
    """Return whether this is a run id: a text of 32 hex characters."""
    return isinstance(text, str) and re.fullmatch(r"[0-9a-f]{32}", text) is not None


def check_run_id(run_id: str) -> str:
    """Return the id itself if it is one: no other text becomes a path.

    Raises:
        UserError: it is not 32 hex characters.
    """
    if not is_run_id(run_id):
        raise UserError(f"{run_id}: a run id has 32 characters 0-9a-f; quote it")
    return run_id
