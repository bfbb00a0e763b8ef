"""The matrix of training variants by test sets, as words, tables and pictures."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from rich.table import Table

from fer_exp.inputs.variants import order_test_sets
from fer_exp.reports import figures
from fer_exp.reports.tables import escape_latex, escape_markdown, markdown_table, print_table

KEY = (
    "Accuracy with its 95 % interval over faces and seeds, of several runs after mean ± standard deviation (runs); "
    "seeds are taken to vary alike in all rows, unless the details say otherwise. Where it is known who is on a "
    "picture, people are counted in the place of faces. Faces only: no row has two seeds, the interval knows nothing "
    "of other trainings, and no star is given. * differs from the best of its column on the same faces (p < 0.05 over "
    "faces and seeds, corrected by Holm for all pairs of rows on normal, occluded and mixed; further test sets, best "
    "and last apart). The best of a column is chosen by these very numbers, so it looks better than it is: of equal "
    "trainings by about half a point with three seeds and one point with one, where seeds vary by one point."
)


def uncertainty(cell: pd.Series) -> str:
    """Return the uncertainty of a cell in words, with a star where it differs from the best of its column."""
    interval = f"{cell.low:.3f}-{cell.high:.3f}" if np.isfinite(cell.low) else ""
    spread = f"± {cell.deviation:.3f} (n={cell.n})" if cell.n > 1 else ""
    known = "faces only" if cell.over == "faces" else ""
    return " ".join(filter(None, [spread, interval, known])) + _star(cell)


def _star(cell: pd.Series) -> str:
    return "*" if cell.p < 0.05 else ""


def _axes(table: pd.DataFrame) -> tuple[list[str], list[str], dict[tuple[str, str], pd.Series]]:
    cells = {(cell.trained_on, cell.tested_on): cell for cell in table.itertuples()}
    rows = list(dict.fromkeys(table.trained_on))
    return rows, order_test_sets(table.tested_on), cells


def _row(
    cells: dict[tuple[str, str], pd.Series], row: str, columns: list[str], words: Callable[[pd.Series], str]
) -> list[str]:
    """Return the words for each cell of a row, "" where it has none."""
    return [words(cells[row, column]) if (row, column) in cells else "" for column in columns]


def as_markdown(table: pd.DataFrame, corner: str, short: bool = False) -> str:
    """Return the matrix as a markdown table.

    Args:
        table: its cells.
        corner: its first cell, which may have markup.
        short: without intervals, and beyond three columns without deviations, so that each row is a line on a page.
    """
    rows, columns, cells = _axes(table)

    def words(cell: pd.Series) -> str:
        if not short:
            return f"**{cell.accuracy:.3f}** {uncertainty(cell)}"
        spread = f" ± {cell.deviation:.3f}" if cell.n > 1 and len(columns) <= 3 else ""
        return f"**{cell.accuracy:.3f}**{spread}{_star(cell)}"

    lines = [[f"**{escape_markdown(row)}**", *_row(cells, row, columns, words)] for row in rows]
    return markdown_table([corner, *map(escape_markdown, columns)], lines)


def print_matrix(table: pd.DataFrame, title: str) -> None:
    """Print the matrix on the terminal."""
    rows, columns, cells = _axes(table)
    known = " (intervals: faces only)" if (table["over"] == "faces").any() else ""
    shown = Table(title=f"accuracy, {title}{known}")
    for name in ("trained \\ tested", *columns):
        shown.add_column(name, no_wrap=True)
    for row in rows:
        shown.add_row(row, *_row(cells, row, columns, lambda cell: f"{cell.accuracy:.3f} ({_short(cell)})"))
    print_table(shown)


def _short(cell: pd.Series) -> str:
    """Return the interval alone where there is one: a terminal has no room for more."""
    words = uncertainty(cell).replace(" faces only", "")  # the title says it
    return words.split(") ")[-1] if np.isfinite(cell.low) else words


def draw(table: pd.DataFrame, title: str) -> figures.Figure:
    """Draw the matrix as a picture."""
    rows, columns, cells = _axes(table)
    values, intervals = np.full((len(rows), len(columns)), np.nan), np.full((2, len(rows), len(columns)), np.nan)
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            if cell := cells.get((row, column)):
                values[r, c] = cell.accuracy
                intervals[:, r, c] = cell.low, cell.high
    notes = [_row(cells, row, columns, uncertainty) for row in rows]
    return figures.matrix(rows, columns, values, notes, f"accuracy, {title}", intervals)


def as_latex(table: pd.DataFrame, caption: str) -> str:
    """Return the matrix as a LaTeX table for the package booktabs."""
    rows, columns, cells = _axes(table)

    def line(*words: str) -> str:
        return " & ".join(words) + r" \\"

    def words(cell: pd.Series) -> str:
        note = re.sub(r"(?<=\d)-(?=\d)", "--", uncertainty(cell))  # a range, not a hyphen
        return f"{cell.accuracy:.3f} ({escape_latex(note)})"

    body = [line("trained on", *map(escape_latex, columns)), r"\midrule"]
    body += [line(escape_latex(row), *_row(cells, row, columns, words)) for row in rows]
    head = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
    ]
    return "\n".join([*head, r"\toprule", *body, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])
