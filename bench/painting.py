"""What painting the occluder costs: our painter against the usual ways of doing it, interleaved in one run.

python bench/painting.py --rounds 20
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np

from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.landmarks.geometry import AVERAGE_FACE
from fer_exp.occlusion import headset
from fer_exp.occlusion.painting import paint

COLOR = (0, 0, 0)


def draw_faces(batch: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return noise images (batch, size, size, 3) uint8 and the bars (batch, 1, 4, 2) of tilted faces in them."""
    turn = rng.normal(0, 0.15, batch)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]).transpose(2, 0, 1)
    widths = size * rng.uniform(0.6, 0.85, (batch, 1, 1))
    landmarks = widths * AVERAGE_FACE @ rotation + size * rng.normal([0.5, 0.39], 0.03, (batch, 1, 2))
    bars = headset.polygons(landmarks, HeadsetConfig(name="quest2", kind="headset"))
    return rng.integers(0, 256, (batch, size, size, 3), np.uint8), bars


def tensorflow_painter() -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Compile a function of plain TensorFlow ops that masks a rotated rectangle, pixel by pixel."""
    import tensorflow as tf

    @tf.function
    def mask(images, corners):
        centre = tf.reduce_mean(corners, axis=1)
        across, down = corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0]
        x = tf.range(tf.shape(images)[2], dtype=tf.int32)
        y = tf.range(tf.shape(images)[1], dtype=tf.int32)
        x = tf.cast(x, tf.float32)[None, None, :] - centre[:, 0, None, None]
        y = tf.cast(y, tf.float32)[None, :, None] - centre[:, 1, None, None]
        inside = True
        for edge in (across, down):
            along = x * edge[:, 0, None, None] + y * edge[:, 1, None, None]
            inside &= tf.abs(along) <= tf.reduce_sum(edge**2, axis=1)[:, None, None] / 2
        return tf.where(inside[..., None], tf.constant(COLOR, tf.uint8), images)

    return lambda images, corners: mask(tf.constant(images), tf.constant(corners, tf.float32)).numpy()


def paint_with_matplotlib(images: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Paint by a matplotlib figure with a rectangle patch per image, as in study A."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import patches
    from matplotlib import pyplot as plt

    painted = []
    for image, polygon in zip(images, corners, strict=True):
        height, width = image.shape[:2]
        figure = plt.figure(figsize=(width / 100, height / 100), dpi=100)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        axes.imshow(image)
        across, down = polygon[1] - polygon[0], polygon[3] - polygon[0]
        angle = np.degrees(np.arctan2(across[1], across[0]))
        bar = patches.Rectangle(polygon[0], np.hypot(*across), np.hypot(*down), angle=angle, color="black")
        axes.add_patch(bar)
        figure.canvas.draw()
        painted.append(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy())
        plt.close(figure)
    return np.stack(painted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, help="rounds; every way is measured once in each")
    parser.add_argument("--batch", type=int, default=32, help="images per call")
    parser.add_argument("--size", type=int, default=224, help="pixels per side")
    parser.add_argument("--figures", type=int, default=2, help="images per round for matplotlib, which is slow")
    options = parser.parse_args()

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    images, bars = draw_faces(options.batch, options.size, np.random.default_rng(0))
    covered = np.ones(options.batch, bool)
    few = slice(options.figures)
    paint_with_tensorflow = tensorflow_painter()
    ways = {
        "paint": lambda: paint(images, bars, covered, COLOR),
        "tensorflow ops": lambda: paint_with_tensorflow(images, bars[:, 0]),
        "matplotlib figure": lambda: paint_with_matplotlib(images[few], bars[few, 0]),
    }
    results = {name: way() for name, way in ways.items()}  # also warms up
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append((time.perf_counter() - start) / len(results[name]))

    ours = np.median(seconds["paint"])
    print(f"{options.size}x{options.size}, batches of {options.batch}, medians of {options.rounds} rounds")
    print(f"{'way':<20}{'ms per image':>14}{'ratio':>10}{'pixels that differ':>22}")
    for name, result in results.items():
        median = np.median(seconds[name])
        differ = (result != results["paint"][: len(result)]).any(axis=-1).sum(axis=(1, 2)).mean()
        print(f"{name:<20}{1000 * median:>14.3f}{median / ours:>10.1f}{differ:>16.1f} / image")


if __name__ == "__main__":
    main()
