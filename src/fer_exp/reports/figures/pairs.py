"""Pairs of faces side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from fer_exp.reports.figures.style import new_figure

COLUMNS = 6


class Pair(NamedTuple):
    """Two pictures in one, (h, 2 w, 3) uint8, the classes of both, and how alike they are."""

    picture: np.ndarray
    classes: str
    likeness: str


def pair_sheet(groups: Mapping[str, Sequence[Pair]], title: str) -> Figure:
    """Draw groups of pairs on a contact sheet, each under its name; leave out empty groups."""
    groups = {name: pairs for name, pairs in groups.items() if pairs}
    lines = [-(-len(pairs) // COLUMNS) for pairs in groups.values()]
    figure = new_figure(2.1 * COLUMNS, 0.5 + sum(1.35 * n + 0.3 for n in lines))
    figure.suptitle(title, fontsize=10)
    parts = figure.subfigures(len(groups), 1, squeeze=False, height_ratios=lines)[:, 0] if groups else ()
    for part, n, (name, pairs) in zip(parts, lines, groups.items(), strict=True):
        part.suptitle(f"{name} ({len(pairs)})", fontsize=8, x=0.01, ha="left")
        for k, axes in enumerate(part.subplots(n, COLUMNS, squeeze=False).flat):
            axes.set_axis_off()
            if k < len(pairs):
                axes.imshow(pairs[k].picture)
                axes.axvline(pairs[k].picture.shape[1] / 2 - 0.5, color="white", linewidth=1.5)
                axes.set_title(f"{pairs[k].classes}\n{pairs[k].likeness}", fontsize=6, pad=2)
    return figure
