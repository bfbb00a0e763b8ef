"""What all figures share."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from fer_exp.reports import figures
from fer_exp.reports.figures.style import LaidOutOnce

CLASSES = ["happy", "sad", "a class with a long name"]


def test_a_figure_with_a_colour_bar_is_drawn_once_a_file(monkeypatch):
    drawn = []
    draw = Figure.draw

    def count(figure, *args, **kwargs):
        drawn.append(figure)
        return draw(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "draw", count)
    figure = figures.confusion(CLASSES, np.eye(3, dtype=int), "title")
    figure.savefig(BytesIO(), format="png")
    figure.savefig(BytesIO(), format="pdf")
    assert len(drawn) == 2


@pytest.mark.parametrize("kind", ["confusion", "counts"])
def test_a_figure_looks_as_matplotlib_lays_it_out(kind):
    def drawn(save):
        if kind == "confusion":
            figure = figures.confusion(CLASSES, np.eye(3, dtype=int), "title")
        else:
            figure = figures.class_counts(CLASSES, {"training": np.array([3, 4, 5])})
        for text in figure.axes[0].texts:
            text.set_in_layout(save is Figure.savefig)
        file = BytesIO()
        save(figure, file, format="png")
        return cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_COLOR)

    assert np.array_equal(drawn(LaidOutOnce.savefig), drawn(Figure.savefig))
