"""The matrix trained on x tested on, in words, tables and pictures."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from rich.table import Table

from fer_exp.inputs.variants import in_order
from fer_exp.reports import figures
from fer_exp.reports.tables import markdown, show

KEY = (
    "Accuracy; of one run with its 95 % Wilson interval over faces, of several: mean ± standard deviation (runs) and "
    "the 95 % interval over faces and seeds. * differs from the best of its column on the same faces (p < 0.05, "
    "corrected)."
)


def note(cell: pd.Series) -> str:
    """The uncertainty of a cell, in words; a star where it differs from the best of its column."""
    interval = f"{cell.low:.3f}-{cell.high:.3f}" if np.isfinite(cell.low) else ""
    spread = f"± {cell.deviation:.3f} (n={cell.n})" if cell.n > 1 else ""
    star = "*" if cell.p < 0.05 else ""
    return " ".join(filter(None, [spread, interval])) + star


def _axes(table: pd.DataFrame) -> tuple[list[str], list[str], dict[tuple[str, str], pd.Series]]:
    cell = {(c.trained_on, c.tested_on): c for c in table.itertuples()}
    rows = list(dict.fromkeys(table.trained_on))
    return rows, in_order(table.tested_on), cell


def as_markdown(table: pd.DataFrame, corner: str) -> str:
    """The matrix as a markdown table, `corner` in its first cell."""
    rows, columns, cell = _axes(table)
    lines = [
        [f"**{row}**"]
        + [f"**{c.accuracy:.3f}** {note(c)}" if (c := cell.get((row, column))) else "" for column in columns]
        for row in rows
    ]
    return markdown([corner, *columns], lines)


def say(table: pd.DataFrame, title: str) -> None:
    """The matrix on the terminal."""
    rows, columns, cell = _axes(table)
    shown = Table(title=f"accuracy, {title}", title_justify="left")
    for name in ("trained \\ tested", *columns):
        shown.add_column(name, no_wrap=True)
    for row in rows:
        found = [cell.get((row, column)) for column in columns]
        shown.add_row(row, *[f"{c.accuracy:.3f} ({_short(c)})" if c else "" for c in found])
    show(shown)


def _short(cell: pd.Series) -> str:
    """The interval alone where there is one: a terminal has no room for more."""
    whole = note(cell)
    return whole.split(") ")[-1] if np.isfinite(cell.low) else whole


def draw(table: pd.DataFrame, title: str):
    """The matrix as a picture."""
    rows, columns, cell = _axes(table)
    values = np.full((len(rows), len(columns)), np.nan)
    notes = [[""] * len(columns) for _ in rows]
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            if found := cell.get((row, column)):
                values[r, c], notes[r][c] = found.accuracy, note(found)
    return figures.matrix(rows, columns, values, notes, f"accuracy, {title}")


def as_latex(table: pd.DataFrame, caption: str) -> str:
    """A LaTeX table for the package booktabs."""
    rows, columns, cell = _axes(table)

    def line(*words: str) -> str:
        return " & ".join(words) + r" \\"

    def escape(text: str) -> str:
        return re.sub(r"([_%&#${}])", r"\\\1", text).replace("~", r"\textasciitilde{}").replace("±", r"$\pm$")

    body = [line("trained on", *map(escape, columns)), r"\midrule"]
    for row in rows:
        found = [cell.get((row, column)) for column in columns]
        body.append(line(escape(row), *(f"{c.accuracy:.3f} ({escape(note(c))})" if c else "" for c in found)))
    head = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
    ]
    return "\n".join([*head, r"\toprule", *body, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])
