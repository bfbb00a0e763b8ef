"""A covered copy: ours against study A's way, a matplotlib figure per picture."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from bench.faces import write_faces
from bench.measure import Row, faster, measure

from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.copies import writer
from fer_exp.occlusion.placement import place_occluder

PICTURES, FEW, SIZE = 400, 40, 224  # `FEW` for the study's way, which is slow


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        yield from compare(Path(scratch))


def compare(folder: Path) -> Iterator[Row]:
    names, landmarks = write_faces(folder / "drawn", PICTURES, SIZE)
    sizes = np.full((PICTURES, 2), SIZE)
    placement = place_occluder(landmarks, sizes, HeadsetConfig("quest2", "headset"))
    jobs = [writer.PictureJob(row, f"{row}.jpg", True, name) for row, name in enumerate(names)]
    chunks = [jobs[start : start + writer.CHUNK] for start in range(0, len(jobs), writer.CHUNK)]
    sources = [str(folder / "drawn" / name) for name in names]

    def new_folder() -> Path:
        # a new folder each time: moving a file onto another one costs more than writing it
        return Path(tempfile.mkdtemp(dir=folder))

    def ours(quality: int | None) -> None:
        settings = writer.CopySettings(folder / "drawn", new_folder(), placement, sizes, quality)
        for chunk in chunks:
            writer._task(chunk, settings)()

    def reference(way: Callable[[list[str], list[str], np.ndarray], None], count: int) -> None:
        output = new_folder()
        way(sources[:count], [str(output / f"{row}.jpg") for row in range(count)], placement.polygons[:count, 0])

    seconds = measure(
        {
            "lossy": lambda: ours(95),
            "lossless": lambda: ours(None),
            "study": lambda: reference(cover_like_study_a, FEW),
        }
    )
    study, lossy, lossless = seconds["study"] / FEW, seconds["lossy"] / PICTURES, seconds["lossless"] / PICTURES
    yield faster("covered copy of 224x224 JPEGs", "matplotlib figure", lossy, study, 18, "picture")
    yield faster("covered copy, `quality=lossless`", "matplotlib figure", lossless, study, 9, "picture")


def cover_like_study_a(sources: list[str], targets: list[str], bars: np.ndarray) -> None:
    """Cover each picture with imread, imshow, a Rectangle patch and savefig."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import patches
    from matplotlib import pyplot as plt

    for source, target, bar in zip(sources, targets, bars, strict=True):
        image = plt.imread(source)
        height, width = image.shape[:2]
        figure = plt.figure(figsize=(width / 100, height / 100), dpi=100)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        axes.imshow(image, cmap="gray")
        across, down = bar[1] - bar[0], bar[3] - bar[0]
        angle = np.degrees(np.arctan2(across[1], across[0]))
        rectangle = patches.Rectangle(bar[0], np.hypot(*across), np.hypot(*down), angle=angle, color="black")
        axes.add_patch(rectangle)
        figure.savefig(target, dpi=100)
        plt.close(figure)
