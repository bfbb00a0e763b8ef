"""What all pictures share: colour-blind safe (Okabe and Ito 2008; cividis), readable in grey."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

COLORS = {
    "training": "#0072B2",
    "validation": "#D55E00",
    "test": "#009E73",
}
VARIANTS = {"normal": "#0072B2", "occluded": "#D55E00", "mixed": "#009E73", "mixed_unique": "#CC79A7"}
MARKS = {"normal": "o", "occluded": "s", "mixed": "^", "mixed_unique": "D"}
DPI = 130


def color_of(row: str) -> str:
    """The colour of a training variant; paler where its pictures were reduced (`normal 28px`)."""
    variant, _, resolution = row.partition(" ")
    return to_hex(0.5 * np.array(to_rgb(VARIANTS[variant])) + 0.5) if resolution else VARIANTS[variant]


def mark_of(row: str) -> str:
    """The mark of a training variant."""
    return MARKS[row.partition(" ")[0]]


def new(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def answers(
    axes: Axes, values: np.ndarray, rows: Sequence[str], columns: Sequence[str], words: Callable, dark: Callable
):
    """What is true by what is answered: `words(value)` in each cell, white where `dark(value)`."""
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if dark(value) else "black"
        axes.text(column, row, words(value), ha="center", va="center", color=ink, fontsize=8)
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel("predicted")
