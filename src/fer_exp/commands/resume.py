"""Go on with a run that was interrupted: `resume ID` is `train resume=ID`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fer_exp.commands import train


def main(words: Sequence[str] | None = None) -> int:
    """Run the command on the run that the first word names, the last interrupted one if none does."""
    words = sys.argv[1:] if words is None else list(words)
    named = bool(words) and "=" not in words[0] and not words[0].startswith("-")
    run = words[0] if named else "last"
    return train.main([f"resume='{run}'", *words[named:]])
