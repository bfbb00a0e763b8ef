"""Faces with the landmarks that were found in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from fer_exp.reports.figures.style import COLORS, new_figure


class FaceGroup(NamedTuple):
    """k faces that are shown together, such as the worst, or random ones.

    Attributes:
        name: of the group.
        pictures: k of (h, w, 1 or 3) uint8, of any sizes.
        landmarks: (k, 68, 2) pixels; NaN rows show none.
        scores: (k,) written on each face; None writes none.
        polygons: outlines of what would cover the faces, (k, K, 2) or (k, p, K, 2) pixels; NaN and None show none.
    """

    name: str
    pictures: Sequence[np.ndarray]
    landmarks: np.ndarray
    scores: np.ndarray | None = None
    polygons: np.ndarray | None = None


def landmark_sheet(groups: Sequence[FaceGroup], title: str, columns: int = 10) -> Figure:
    """Draw each face with its points and the outline of its occluder on a contact sheet; leave out empty groups."""
    groups = [group for group in groups if len(group.pictures)]
    lines = [-(-len(group.pictures) // columns) for group in groups]
    figure = new_figure(0.3 + 1.05 * columns, 0.5 + sum(1.05 * n + 0.25 for n in lines))
    figure.suptitle(title, fontsize=10)
    parts = figure.subfigures(len(groups), 1, squeeze=False, height_ratios=lines)[:, 0] if groups else ()
    for part, n, group in zip(parts, lines, groups, strict=True):
        part.suptitle(f"{group.name} ({len(group.pictures)})", fontsize=8, x=0.01, ha="left")
        for k, axes in enumerate(part.subplots(n, columns, squeeze=False).flat):
            axes.set_axis_off()
            if k < len(group.pictures):
                _face(axes, group, k)
    return figure


def _face(axes: Axes, group: FaceGroup, k: int) -> None:
    picture = group.pictures[k]
    height, width = picture.shape[:2]
    axes.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=255)
    x, y = group.landmarks[k].T
    axes.scatter(x, y, s=1.2, color=COLORS["validation"], linewidths=0)
    if group.polygons is not None:
        outlines = np.reshape(group.polygons[k], (-1, *group.polygons.shape[-2:]))
        outlines = outlines[np.isfinite(outlines).all((1, 2))]
        axes.add_collection(PolyCollection(list(outlines), facecolor="none", edgecolor=COLORS["test"], linewidth=0.9))
    if group.scores is not None:
        box: dict[str, Any] = {"facecolor": "black", "alpha": 0.5, "pad": 0.6, "linewidth": 0}
        score = f"{group.scores[k]:.2f}"
        axes.text(0.03, 0.97, score, color="white", bbox=box, transform=axes.transAxes, va="top", fontsize=5)
    axes.set_xlim(-0.5, width - 0.5)  # points outside the picture do not shrink it
    axes.set_ylim(height - 0.5, -0.5)
