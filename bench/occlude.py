"""What a covered copy costs: ours against study A's way, a matplotlib figure per picture, interleaved in one run.

python bench/occlude.py --root DIR      a dataset in AffectNet's layout; without it, drawn faces of 224 pixels
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from fer_exp.config.dataset import AffectNetConfig, OnBad, SyntheticConfig
from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.copies import writer
from fer_exp.datasets import load
from fer_exp.occlusion.placement import place_occluder
from fer_exp.system.workers import pool

CLASSES = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"]


Pictures = tuple[Path, list[str], np.ndarray, np.ndarray]  # folder, names, landmarks, sizes


def draw_faces(folder: Path, count: int) -> Pictures:
    """Write built-in faces as JPEG files of 224 x 224 pixels; return them with their landmarks."""
    faces = load(SyntheticConfig("synthetic", n_train=count, n_test=16, size=224), size=224, workers=2)
    rows = faces.rows("train")
    names = [f"{row}.jpg" for row in rows]
    for row, name in zip(rows, names, strict=True):
        cv2.imwrite(str(folder / name), faces.pixels[row][..., ::-1])
    return folder, names, faces.landmarks[rows], faces.sizes[rows]


def load_faces(root: Path) -> Pictures:
    """Return the training faces of a dataset in AffectNet's layout."""
    cfg = AffectNetConfig("affectnet", str(root), classes=CLASSES, on_bad=OnBad.skip)
    faces = load(cfg, size=224, workers=2)
    rows = faces.rows("train")
    return root, faces.ids[rows].tolist(), faces.landmarks[rows], faces.sizes[rows]


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


def cover_with_opencv(sources: list[str], targets: list[str], bars: np.ndarray) -> None:
    """Do the least that any way must do: read, fill, write."""
    for source, target, bar in zip(sources, targets, bars, strict=True):
        image = cv2.imread(source)
        cv2.fillConvexPoly(image, bar.round().astype(np.int32), (0, 0, 0))
        cv2.imwrite(target, image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="a dataset in AffectNet's layout")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; every way is measured once in each")
    parser.add_argument("--pictures", type=int, default=700, help="drawn pictures, where no dataset is given")
    parser.add_argument("--few", type=int, default=70, help="pictures per round for the study's way, which is slow")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "drawn").mkdir()
        pictures = load_faces(options.root) if options.root else draw_faces(folder / "drawn", options.pictures)
        measure(folder, *pictures, options.rounds, options.few)


def measure(
    folder: Path, root: Path, names: list[str], landmarks: np.ndarray, sizes: np.ndarray, rounds: int, few: int
) -> None:
    """Print how long each way takes per picture, and how much the memory grew."""
    placement = place_occluder(landmarks, sizes, HeadsetConfig("quest2", "headset"))
    bars = placement.polygons[:, 0]
    jobs = [writer.PictureJob(row, f"{row}.jpg", True, name) for row, name in enumerate(names)]
    sources = [str(root / name) for name in names]
    processes = pool(2)
    chunks = [jobs[start : start + writer.CHUNK] for start in range(0, len(jobs), writer.CHUNK)]

    def new_copy(quality: int | None = 95) -> writer.CopySettings:
        # a new folder each time: moving a file onto another one costs more than writing it
        return writer.CopySettings(root, Path(tempfile.mkdtemp(dir=folder)), placement, sizes, quality)

    def in_this_process(settings: writer.CopySettings) -> int:
        for chunk in chunks:
            writer._task(chunk, settings)()
        return len(jobs)

    def in_two_processes(settings: writer.CopySettings) -> int:
        for future in [processes.submit(writer._task(chunk, settings)) for chunk in chunks]:
            future.result()
        return len(jobs)

    def with_reference(way: Callable[[list[str], list[str], np.ndarray], None], count: int) -> int:
        output = new_copy().output
        targets = [str(output / f"{row}.jpg") for row in range(count)]
        way(sources[:count], targets, bars[:count])
        return count

    ways = {
        "one process": lambda: in_this_process(new_copy()),
        "two processes": lambda: in_two_processes(new_copy()),
        "lossless, one": lambda: in_this_process(new_copy(None)),
        "bare OpenCV": lambda: with_reference(cover_with_opencv, len(names)),
        "study A's way": lambda: with_reference(cover_like_study_a, few),
    }
    for way in ways.values():
        way()  # start-up is not measured
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
    processes.shutdown()


if __name__ == "__main__":
    main()
