"""What a covered copy costs: ours against study A's way, a matplotlib figure per picture, interleaved in one run.

python bench/occlude.py --root DIR      AffectNet's layout; without it, drawn faces of 224 pixels
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from fer_exp.config.dataset import AffectNetConfig, OnBad, SyntheticConfig
from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.copies import writer as files
from fer_exp.datasets import load
from fer_exp.occlusion import placement as cover
from fer_exp.system.workers import pool

CLASSES = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"]


def drawn(folder: Path, count: int):
    """Built-in faces as JPEG files of 224 x 224 pixels, with their landmarks."""
    faces = load(SyntheticConfig("synthetic", n_train=count, n_test=16, size=224), size=224, workers=2)
    rows = faces.rows("train")
    names = [f"{row}.jpg" for row in rows]
    for row, name in zip(rows, names, strict=True):
        cv2.imwrite(str(folder / name), faces.pixels[row][..., ::-1])
    return folder, names, faces.landmarks[rows], faces.sizes[rows]


def real(root: Path):
    """The training faces of a dataset in AffectNet's layout."""
    cfg = AffectNetConfig("affectnet", str(root), classes=CLASSES, on_bad=OnBad.skip)
    faces = load(cfg, size=224, workers=2)
    rows = faces.rows("train")
    return root, faces.ids[rows].tolist(), faces.landmarks[rows], faces.sizes[rows]


def as_the_study_does(sources: list[str], targets: list[str], bars: np.ndarray) -> None:
    """imread, imshow, a Rectangle patch and savefig for each picture."""
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


def bare(sources: list[str], targets: list[str], bars: np.ndarray) -> None:
    """The least that any way must do: read, fill, write."""
    for source, target, bar in zip(sources, targets, bars, strict=True):
        image = cv2.imread(source)
        cv2.fillConvexPoly(image, bar.round().astype(np.int32), (0, 0, 0))
        cv2.imwrite(target, image)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="a dataset in AffectNet's layout")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; every way is measured once in each")
    parser.add_argument("--pictures", type=int, default=700, help="drawn pictures, where no dataset is given")
    parser.add_argument("--few", type=int, default=70, help="pictures per round for the study's way, which is slow")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "drawn").mkdir()
        found = real(options.root) if options.root else drawn(folder / "drawn", options.pictures)
        measure(folder, *found, options.rounds, options.few)


def measure(
    folder: Path, root: Path, names: list[str], landmarks: np.ndarray, sizes: np.ndarray, rounds: int, few: int
):
    worn = cover.place(landmarks, sizes, HeadsetConfig("quest2", "headset"))
    bars = worn.polygons[:, 0]
    jobs = [files.Job(row, f"{row}.jpg", True, name) for row, name in enumerate(names)]
    sources = [str(root / name) for name in names]
    two = pool(2)
    chunks = [jobs[start : start + files.CHUNK] for start in range(0, len(jobs), files.CHUNK)]

    def copies(quality: int | None = 95) -> files.Copy:
        # a folder of its own: moving a file onto another one costs more than writing it
        return files.Copy(root, Path(tempfile.mkdtemp(dir=folder)), worn, sizes, quality)

    def ours(settings: files.Copy) -> int:
        for chunk in chunks:
            files._task(chunk, settings)()
        return len(jobs)

    def with_two(settings: files.Copy) -> int:
        for future in [two.submit(files._task(chunk, settings)) for chunk in chunks]:
            future.result()
        return len(jobs)

    def theirs(way, count: int) -> int:
        output = copies().output
        targets = [str(output / f"{row}.jpg") for row in range(count)]
        way(sources[:count], targets, bars[:count])
        return count

    ways = {
        "one process": lambda: ours(copies()),
        "two processes": lambda: with_two(copies()),
        "lossless, one": lambda: ours(copies(None)),
        "bare OpenCV": lambda: theirs(bare, len(names)),
        "study A's way": lambda: theirs(as_the_study_does, few),
    }
    for way in ways.values():
        way()  # start-up is no part of it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            done = way()
            seconds[name].append((time.perf_counter() - start) / done)
    study = np.median(seconds["study A's way"])
    kilobytes = np.mean([Path(source).stat().st_size for source in sources]) / 1000
    print(f"{len(names)} pictures of {kilobytes:.1f} kB, medians of {rounds} rounds")
    print(f"{'way':<16}{'ms per picture':>16}{'times as fast':>16}")
    for name, measured in seconds.items():
        print(f"{name:<16}{1000 * np.median(measured):>16.3f}{study / np.median(measured):>16.1f}")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"memory grew by {grown / 1024:.0f} MB over {rounds * len(ways)} passes")
    two.shutdown()


if __name__ == "__main__":
    main()
