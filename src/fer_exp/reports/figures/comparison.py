"""Figures of several runs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fer_exp.evaluation.statistics import Reliability
from fer_exp.evaluation.win_back import Answer
from fer_exp.reports.figures.style import color_of, label_cells, marker_of, new_figure


def matrix(
    rows: Sequence[str],
    columns: Sequence[str],
    values: np.ndarray,
    notes: Sequence[Sequence[str]],
    title: str,
    intervals: np.ndarray | None = None,
) -> Figure:
    """Draw accuracies, trained on by tested on, a note under each.

    Args:
        rows: names of the trainings.
        columns: names of the test sets.
        values: (rows, columns) in 0..1, NaN where there is none.
        notes: what stands under each value.
        title: of the figure.
        intervals: (2, rows, columns), low and high. The colours span them, so that noise does not look like signal.
    """
    figure = new_figure(2.6 + 1.5 * len(columns), 1.7 + 0.8 * len(rows))
    axes = figure.subplots()
    shown = np.ma.masked_invalid(values)
    spanned = np.ma.masked_invalid(values[None] if intervals is None else np.concatenate([values[None], intervals]))
    low, high = (spanned.min(), spanned.max()) if shown.count() else (0, 1)
    picture = axes.imshow(shown, vmin=low, vmax=max(high, low + 1e-3), cmap="cividis", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = "white" if value < (low + high) / 2 else "black"
            axes.text(column, row - 0.1, f"{value:.3f}", ha="center", va="center", color=color, fontsize=12)
            axes.text(column, row + 0.24, notes[row][column], ha="center", va="center", color=color, fontsize=7)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel("tested on")
    axes.set_ylabel("trained on")
    axes.set_title(title, fontsize=10)
    figure.colorbar(picture, ax=axes, label="accuracy")
    return figure


def recall_lost(tables: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Draw the recall that each class loses under the bar, by training variant, with 95 % intervals.

    Args:
        tables: fer_exp.evaluation.per_class.recall_lost.
        title: of the figure.
    """
    order = list(next(iter(tables.values()))["class"])
    figure = new_figure(7.5, 1.6 + 0.42 * len(order))
    axes = figure.subplots()
    height = 0.8 / len(tables)
    for i, (variant, table) in enumerate(tables.items()):
        rows = table.set_index("class").loc[order]
        positions = np.arange(len(order)) + (i - (len(tables) - 1) / 2) * height
        ends = np.abs(np.array([rows["lost"] - rows["low"], rows["high"] - rows["lost"]]))
        style: dict[str, Any] = {
            "height": height * 0.9,
            "color": color_of(variant),
            "hatch": ("", "//", "..", "xx")[i % 4],
            "edgecolor": "white",
        }
        error_bars = {"elinewidth": 1, "capsize": 2}
        label = f"trained on {variant}"
        axes.barh(positions, rows["lost"], xerr=ends, label=label, error_kw=error_bars, **style)
    every = pd.concat(tables.values()).groupby("class")
    faces, unknown = every["faces"].first(), every["unknown"].agg(all)  # of no row there is an interval
    names = [f"{name} ({faces[name]}{', no interval' if unknown[name] else ''})" for name in order]
    axes.set_yticks(range(len(order)), names)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("recall lost to the occluder (normal minus occluded)")
    axes.set_title(title, fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def won_back(answer: Answer, title: str) -> Figure:
    """Draw the points that each row wins back on covered faces, and changes on uncovered ones, by CPU seconds."""
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    for arm in answer.won_back:
        for change, fill, label in ((arm.covered, "full", arm.row), (arm.uncovered, "none", None)):
            low, high = change.interval
            ends = 100 * np.abs(np.array([[change.value - low], [high - change.value]]))
            style: dict[str, Any] = {"color": color_of(arm.row), "marker": marker_of(arm.row), "fillstyle": fill}
            axes.errorbar(arm.seconds, 100 * change.value, yerr=ends, label=label, capsize=3, markersize=8, **style)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.axhline(100 * answer.lost.value, color="0.5", linestyle=":", label="all that was lost")
    axes.set_xlabel("CPU seconds of training")
    axes.set_ylabel("points against the normal-trained network")
    axes.set_xlim(left=0)
    axes.set_title(f"filled: covered faces, empty: uncovered faces. {title}", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def severity(table: pd.DataFrame, title: str) -> Figure:
    """Draw accuracy against the covered share of the face, a curve per training variant with its 95 % intervals.

    Args:
        table: fer_exp.evaluation.severity.table; rows that are not on a `curve` stand alone, with their names.
        title: of the figure.
    """
    figure = new_figure(7.5, 4.6)
    axes = figure.subplots()
    for variant, rows in table.groupby("trained_on", sort=False):
        style: dict[str, Any] = {"color": color_of(variant), "marker": marker_of(variant)}
        for on_curve, points in ((True, rows[rows["curve"]]), (False, rows[~rows["curve"]])):
            ends = np.abs(np.array([points["accuracy"] - points["low"], points["high"] - points["accuracy"]]))
            label = f"trained on {variant}" if on_curve else None
            line: dict[str, Any] = (
                {"linestyle": "-", "markersize": 5} if on_curve else {"linestyle": "", "fillstyle": "none"}
            )
            share = 100 * points["covered_share"]
            axes.errorbar(share, points["accuracy"], yerr=ends, label=label, capsize=2, **style, **line)
    for name, rows in table.groupby("tested_on", sort=False):
        top = (100 * rows["covered_share"].iloc[0], rows["accuracy"].max())
        axes.annotate(name, top, (0, 9), textcoords="offset points", fontsize=7, rotation=30)
    axes.margins(y=0.12)
    axes.set_xlabel("share of the face that is covered, %")
    axes.set_ylabel("accuracy")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    axes.set_title(title, fontsize=10)
    return figure


def confusion_change(classes: Sequence[str], change: np.ndarray, title: str) -> Figure:
    """Draw how the bar changes the answers: (true, predicted) shares of the true class, with the bar minus without."""
    size = 2.6 + 0.55 * len(classes)
    figure = new_figure(size + 0.6, size)
    axes = figure.subplots()
    limit = max(float(np.abs(change).max()), 0.01)
    picture = axes.imshow(change, vmin=-limit, vmax=limit, cmap="PuOr_r")
    dark = lambda value: abs(value) > 0.65 * limit  # noqa: E731
    label_cells(axes, change, classes, classes, lambda value: f"{100 * value:+.0f}", dark)
    axes.set_ylabel("true")
    axes.set_title(title, fontsize=10)
    figure.colorbar(picture, ax=axes, shrink=0.8, label="share of the true class, bar minus no bar")
    return figure


def reliability(diagrams: Mapping[str, Mapping[str, Reliability]], title: str) -> Figure:
    """Draw reliability diagrams, test set -> training variant -> diagram: a panel per test set, a line per variant."""
    figure = new_figure(3.5 * len(diagrams), 3.7)
    panels = np.atleast_1d(figure.subplots(1, len(diagrams)))
    for axes, (test_set, by_variant) in zip(panels, diagrams.items(), strict=True):
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
        for variant, diagram in by_variant.items():
            label = f"{variant}: ECE {diagram.error:.3f}"
            style = {"color": color_of(variant), "marker": marker_of(variant), "markersize": 4}
            axes.plot(diagram.confidence, diagram.accuracy, label=label, **style)
        axes.set_title(f"tested on {test_set}", fontsize=9)
        axes.set_xlabel("confidence")
        axes.set_ylabel("accuracy")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7, title="trained on", title_fontsize=7)
    figure.suptitle(title, fontsize=10)
    return figure


def histories(runs: Sequence[tuple[str, Mapping[int, float], int]], metric: str, title: str) -> Figure:
    """Draw a validation metric by epoch from (training variant, epoch -> value, best epoch) of each run."""
    figure = new_figure(7.5, 3.6)
    axes = figure.subplots()
    named: set[str] = set()
    for variant, values, best in runs:
        style: dict[str, Any] = {"color": color_of(variant), "marker": marker_of(variant)}
        label = None if variant in named else f"trained on {variant}"
        axes.plot(list(values), list(values.values()), label=label, markersize=3, linewidth=1, **style)
        if best in values:
            axes.plot(best, values[best], marker_of(variant), color=color_of(variant), markersize=9, fillstyle="none")
        named.add(variant)
    axes.set_xlabel("epoch (rings: the best one)")
    axes.set_ylabel(metric.replace("_", " "))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    axes.set_title(title, fontsize=10)
    return figure


def examples(
    pictures: Sequence[tuple[np.ndarray, np.ndarray]],
    heats: Sequence[tuple[np.ndarray, np.ndarray]],
    words: Sequence[tuple[str, str]],
    title: str,
) -> Figure:
    """Draw faces in pairs, normal and occluded, each beside where the network looked (Grad-CAM).

    Args:
        pictures: (normal, occluded) of each face, (h, w, 1 or 3) in 0..255.
        heats: of the same, (h', w') in 0..1.
        words: headings of the same.
        title: of the figure.
    """
    figure = new_figure(6.8, 0.5 + 1.75 * len(pictures))
    grid = figure.subplots(len(pictures), 4, squeeze=False)
    for line, pair, heat_pair, headings in zip(grid, pictures, heats, words, strict=True):
        for side in (0, 1):
            image = np.clip(pair[side] / 255, 0, 1).squeeze()
            for axes in line[2 * side : 2 * side + 2]:
                axes.set_axis_off()
                axes.imshow(image, cmap="gray", vmin=0, vmax=1)
            line[2 * side].set_title(headings[side], fontsize=7, loc="left")
            h, w = image.shape[:2]
            extent = (-0.5, w - 0.5, h - 0.5, -0.5)
            line[2 * side + 1].imshow(
                heat_pair[side], cmap="inferno", alpha=0.55, vmin=0, vmax=1, extent=extent, interpolation="bilinear"
            )
    figure.suptitle(title, fontsize=9)
    return figure
