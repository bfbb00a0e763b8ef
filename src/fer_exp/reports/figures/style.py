"""What all figures share: colours that are safe for colour-blind readers (Okabe and Ito 2008; cividis) and in grey."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine, PlaceHolderLayoutEngine

COLORS = {
    "training": "#0072B2",
    "validation": "#D55E00",
    "test": "#009E73",
}
VARIANTS = {"normal": "#0072B2", "occluded": "#D55E00", "mixed": "#009E73", "mixed_unique": "#CC79A7"}
MARKERS = {"normal": "o", "occluded": "s", "mixed": "^", "mixed_unique": "D"}
DPI = 130


def color_of(row: str) -> str:
    """Return the colour of a training variant; paler with a mark (`normal 28px`), darker with a teacher."""
    variant, *marks = row.split()
    light = 0.0 if "distill" in marks else 1.0
    red, green, blue = (0.5 * value + 0.5 * light for value in to_rgb(VARIANTS[variant]))
    return to_hex((red, green, blue)) if marks else VARIANTS[variant]


def marker_of(row: str) -> str:
    """Return the marker of a training variant."""
    return MARKERS[row.partition(" ")[0]]


class LaidOutOnce(Figure):
    """A figure that is laid out when it is first saved, without the whole drawing that matplotlib adds for that."""

    def get_layout_engine(self) -> LayoutEngine | None:
        """Return what lays the figure out when it is saved; None: it is laid out already."""
        engine = super().get_layout_engine()
        return (
            None if isinstance(engine, PlaceHolderLayoutEngine) else engine
        )  # left behind where there is a colour bar

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Save the figure; arguments as for `Figure.savefig`."""
        engine = self.get_layout_engine()
        if engine is not None:
            engine.execute(self)
            self.set_layout_engine("none")
        super().savefig(*args, **kwargs)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches."""
    return LaidOutOnce(figsize=(width, height), dpi=DPI, layout="constrained")


def label_cells(
    axes: Axes,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    words: Callable[[float], str],
    dark: Callable[[float], bool],
) -> None:
    """Label the cells of true class by answer: with `words(value)`, in white where `dark(value)`."""
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if dark(value) else "black"
        cell = axes.text(column, row, words(value), ha="center", va="center", color=ink, fontsize=8)
        cell.set_in_layout(False)  # it is within the axes, and measuring it takes as long as drawing it
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel("predicted")


def montage(rows: Sequence[Sequence[np.ndarray] | np.ndarray], columns: int) -> tuple[np.ndarray, int]:
    """Return rows of pictures as one picture on white, (h, w, 3) uint8, and the height of a row in its pixels.

    Args:
        rows: of pictures (s, s, 1 or 3) in 0..255, all of one size.
        columns: of the longest row.
    """
    side = len(rows[0][0])
    gap = max(1, side // 16)
    sheet = np.full((len(rows) * (side + gap), columns * (side + gap), 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for k, picture in enumerate(row):
            top, left = i * (side + gap), k * (side + gap)
            sheet[top : top + side, left : left + side] = np.clip(picture, 0, 255).round()
    return sheet, side + gap
