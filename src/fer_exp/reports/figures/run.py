"""Figures of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fer_exp.reports.figures.style import COLORS, label_cells, montage, new_figure


def curves(history: Sequence[Mapping[str, float]], best_epoch: int) -> Figure:
    """Draw loss, accuracy, balanced accuracy and macro F1 by epoch, in training and validation; mark the best epoch.

    Args:
        history: one mapping per epoch, with Keras's names.
        best_epoch: 1, 2, ...
    """
    names = [name for name in ("loss", "accuracy", "balanced_accuracy", "macro_f1") if name in history[0]]
    figure = new_figure(3.4 * len(names), 3.2)
    epochs = range(1, len(history) + 1)
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        for part, key, style in (("training", name, "--"), ("validation", f"val_{name}", "-")):
            if key in history[0]:
                values = [row[key] for row in history]
                axes.plot(epochs, values, style, color=COLORS[part], label=part, marker="o", markersize=3)
        if best_epoch:
            axes.axvline(best_epoch, color="0.6", linewidth=1, zorder=0, label=f"best epoch ({best_epoch})")
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def tested_epochs(accuracy: Mapping[str, Mapping[int, float]], picks: Mapping[int, str], title: str) -> Figure:
    """Draw the accuracy of every epoch on each test set.

    Args:
        accuracy: test set -> epoch -> accuracy in 0..1.
        picks: epochs to mark -> the words at each.
        title: of the figure.
    """
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    markers = {"normal": "o", "occluded": "s", "mixed": "^"}
    colors = {"normal": COLORS["training"], "occluded": COLORS["validation"], "mixed": COLORS["test"]}
    for name, values in accuracy.items():
        # further test sets: thin, in matplotlib's own colours
        style: dict[str, Any] = {"marker": markers.get(name, "."), "linewidth": 1.5 if name in markers else 0.8}
        axes.plot(list(values), list(values.values()), color=colors.get(name), markersize=4, label=name, **style)
    for epoch, words in picks.items():
        axes.axvline(epoch, color="0.6", linewidth=1, zorder=0)
        axes.text(epoch, 1.01, words, transform=axes.get_xaxis_transform(), rotation=30, fontsize=7, va="bottom")
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy on the test set")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(title="tested on", fontsize=8)
    figure.suptitle(title, fontsize=10)
    return figure


def class_counts(classes: Sequence[str], parts: Mapping[str, np.ndarray]) -> Figure:
    """Draw bars of the pictures of each class in each part, from (classes,) counts by part name."""
    figure = new_figure(1.6 + 0.9 * len(classes), 3.4)
    axes = figure.subplots()
    width = 0.8 / len(parts)
    for i, (name, counts) in enumerate(parts.items()):
        positions = np.arange(len(classes)) + (i - (len(parts) - 1) / 2) * width
        bars = axes.bar(positions, counts, width, label=f"{name} ({int(np.sum(counts))})", color=COLORS[name])
        axes.bar_label(bars, fontsize=6, padding=1, rotation=90 if np.max(counts) > 999 else 0)
    axes.set_xticks(range(len(classes)), classes, rotation=20 if len(classes) > 4 else 0)
    axes.set_ylabel("pictures")
    axes.margins(y=0.18)
    axes.legend()
    return figure


def confusion(classes: Sequence[str], counts: np.ndarray, title: str) -> Figure:
    """Draw a confusion matrix of (true, predicted) counts, shaded and labelled by share of the true class."""
    support = counts.sum(1, keepdims=True)
    share = counts / np.maximum(support, 1)
    size = 2.6 + 0.55 * len(classes)
    figure = new_figure(size + 0.6, size)
    axes = figure.subplots()
    picture = axes.imshow(share, vmin=0, vmax=1, cmap="cividis")
    labels = [f"{name} ({n})" for name, n in zip(classes, support[:, 0], strict=True)]
    label_cells(axes, share, labels, classes, lambda value: f"{100 * value:.0f}", lambda value: value < 0.5)
    axes.set_ylabel("true (faces)")
    axes.set_title(title, fontsize=10)
    figure.colorbar(picture, ax=axes, shrink=0.8, label="share of the true class")
    return figure


def samples(classes: Sequence[str], pictures: Mapping[str, Sequence[np.ndarray] | np.ndarray], title: str) -> Figure:
    """Draw a row of faces per class: name -> k of (h, w, 1 or 3) in 0..255; classes without any are left out."""
    present = [name for name in classes if len(pictures.get(name, ()))]
    columns = max(len(pictures[name]) for name in present)
    sheet, side = montage([pictures[name] for name in present], columns)
    figure = new_figure(1.1 + 0.95 * columns, 0.4 + 0.95 * len(present))
    axes = figure.subplots()
    axes.imshow(sheet)  # one picture: axes of their own take most of the time
    axes.set_xticks([])
    axes.set_yticks(side * (np.arange(len(present)) + 0.5), present, fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.suptitle(title, fontsize=10)
    return figure
