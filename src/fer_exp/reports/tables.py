"""Tables on the terminal, in markdown and as csv; names of classes and files are text there, never markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fer_exp.system.text import no_formula, visible

if TYPE_CHECKING:
    import pandas as pd

WRAPPED = 112  # characters of a table that wraps, on a narrower terminal too
LATEX: dict[str | int, str | int | None] = {
    **{character: rf"\{character}" for character in "_%&#${}"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "\n": " ",
}


def print_table(table: Table, wrap: bool = False) -> None:
    """Print a table on the terminal, as wide as it needs to be: a narrower one would cut its numbers.

    Its title stands above it as wide as the terminal is: rich would break it where a narrow table ends, within words.

    Args:
        table: whose strings are taken as they are; what is coloured is a rich.text.Text.
        wrap: break its lines where the terminal ends instead.
    """
    needed = WRAPPED if wrap else _console(10_000).measure(table).maximum
    console = _console(max(Console().width, needed))
    title, table.title = table.title, None
    if title:
        console.print(title, style="table.title", highlight=False)
    console.print(table)
    table.title = title


class _Console(Console):
    """A console that takes strings as they are, and shows control characters rather than obeying them."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as rich shows it."""
        return super().render_str(visible(text), **options)


def _console(width: int) -> Console:
    return _Console(width=width, markup=False, emoji=False)


def markdown_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a markdown table with these cells, which may have emphasis; a bar or the end of a line breaks no cell."""
    rows = [[_cell(text) for text in row] for row in (head, *lines)]
    rows.insert(1, ["---"] * len(head))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\|", " ".join(text.splitlines()))


def escape_markdown(text: str) -> str:
    """Return text that markdown shows as it is, on one line; an underscore within a word needs no escape."""
    return re.sub(r"[\\`*\[\]<>|~]|(?<!\w)_|_(?!\w)", r"\\\g<0>", " ".join(text.splitlines()))


def escape_latex(text: str) -> str:
    """Return text that LaTeX prints as it is."""
    return text.translate(str.maketrans(LATEX))


def as_csv(table: pd.DataFrame) -> str:
    """Return a table as csv without its index; text that a spreadsheet would take for a formula begins with a '."""
    return table.map(lambda value: no_formula(value) if isinstance(value, str) else value).to_csv(index=False)
