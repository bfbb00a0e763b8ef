"""What a run's pictures cost: a sheet of faces."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from bench.measure import Row, faster, measure
from matplotlib.figure import Figure

from fer_exp.reports import figures

CLASSES = [f"class {i}" for i in range(8)]
SHOWN, SIDE = 6, 64


def rows() -> Iterator[Row]:
    rng = np.random.default_rng(0)
    faces = {name: rng.integers(0, 255, (SHOWN, SIDE, SIDE, 3)).astype(np.float32) for name in CLASSES}
    seconds = measure(
        {
            "ours": lambda: save(figures.samples(CLASSES, faces, "faces"), "png"),
            "axes": lambda: save(sheet_of_axes(faces), "png"),
        }
    )
    yield faster("a sheet of 48 faces", "an axes for each face", seconds["ours"], seconds["axes"], 2, "sheet")


def save(figure: Figure, kind: str) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=kind)
    return file.getvalue()


def sheet_of_axes(faces: dict[str, np.ndarray]) -> Figure:
    """Draw the same sheet as is usual: `subplots`, and `imshow` in each."""
    figure = figures.samples(CLASSES, faces, "faces")
    width, height = figure.get_size_inches()
    figure = Figure(figsize=(width, height), dpi=figure.dpi, layout="constrained")
    for line, (name, pictures) in zip(figure.subplots(len(faces), SHOWN), faces.items(), strict=True):
        line[0].set_ylabel(name)
        for axes, picture in zip(line, pictures, strict=True):
            axes.imshow(picture.astype(np.uint8))
            axes.set_xticks([])
            axes.set_yticks([])
    figure.suptitle("faces")
    return figure
