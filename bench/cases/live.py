"""`python live.py`: CPU time of each stage for a frame of 640x480 pixels with one face, and with four for two networks.

The networks are study B's with random weights: what they say costs the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from bench.measure import Row, measure

from fer_exp import models
from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.dataset import SyntheticConfig
from fer_exp.config.model import ConvNetConfig
from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.datasets import load
from fer_exp.errors import UserError
from fer_exp.landmarks.video import FaceFinder
from fer_exp.live import libraries
from fer_exp.live.chain import Chain
from fer_exp.live.crop import Crop
from fer_exp.live.drawing import draw
from fer_exp.live.networks import Network

FRAMES, SIDE = 40, 200
STAGE = "`live.py`, {}"
BLOCKS = {"emotion_cnn_4": [[32], [64], [128], [256]], "gender_cnn": [[32, 32], [64, 64], [128, 128]]}


def rows() -> Iterator[Row]:
    libraries.use_one_thread()  # as the command does
    try:
        finder = FaceFinder()
    except UserError as error:  # the networks can be had neither from their publisher nor from a folder
        yield Row(STAGE.format("a frame with one face"), "-", None, 15, "ms", False, str(error).splitlines()[0])
        return
    expression = network("emotion_cnn_4", 48, 1, 7, dense=[128])
    gender = network("gender_cnn", 96, 3, 2)
    frames = {n: frame(n) for n in (1, 4)}
    chains = {1: Chain(finder, [expression], 0.5, 16), 4: Chain(finder, [expression, gender], 0.5, 16)}
    found = {n: finder.find(frames[n], 16) for n in frames}
    for n in frames:
        assert len(found[n].boxes) == n, f"{len(found[n].boxes)} of {n} faces found"
    boxes, points = found[1].boxes, found[1].landmarks
    squares = np.column_stack([(boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(1)])
    faces = {n: chains[n](frames[n], 0.0, False) for n in frames}

    def repeated(work):
        return lambda: [work() for _ in range(FRAMES)]

    seconds = measure(
        {
            f"boxes by {finder.detector.name}": repeated(lambda: finder.detector.boxes(frames[1])),
            "landmarks": repeated(lambda: finder._search.around(frames[1], squares)),
            "crop and network": repeated(lambda: expression.answer(frames[1], points, False)),
            "crop, bar and network": repeated(lambda: expression.answer(frames[1], points, True)),
            "drawing": repeated(lambda: draw(frames[1], faces[1], chains[1].networks, None, True, "")),
            "one": repeated(lambda: look(chains[1], frames[1])),
            "four": repeated(lambda: look(chains[4], frames[4])),
        }
    )
    each = {name: 1000 * of_all / FRAMES for name, of_all in seconds.items()}
    parts = ", ".join(f"{name} {each[name]:.2g}" for name in list(each)[:-2])
    yield Row(STAGE.format("a frame with one face, one network"), "-", each["one"], 15, "ms", False, parts)
    rate = 1000 / each["four"]
    note = f"{each['four']:.3g} ms a frame"
    yield Row(STAGE.format("frames per CPU second, four faces, two networks"), "-", rate, 15, "", True, note)


def look(chain: Chain, picture: np.ndarray) -> None:
    """Do what the loop does for a frame."""
    faces = chain(picture, 0.0, False)
    draw(picture, faces, chain.networks, None, True, "20 fps")


def network(name: str, size: int, channels: int, classes: int, dense: list[int] | None = None) -> Network:
    """Return one of study B's networks."""
    cfg = ConvNetConfig(name, "convnet", size, channels, blocks=BLOCKS[name], dense=dense or [])
    model = models.build(cfg, AugmentationConfig("none"), classes)
    occluder = HeadsetConfig(name="quest2", kind="headset", width=1.0, aspect=105 / 224)
    found = Network("expression", name, tuple(map(str, range(classes))), model, size, channels, Crop(), occluder)
    found.warm_up()
    return found


def frame(count: int) -> np.ndarray:
    """Return a frame with so many faces, (480, 640, 3) uint8 RGB."""
    faces = load(SyntheticConfig("synthetic", n_train=80, n_test=16, size=SIDE), size=SIDE, workers=2)
    picture = np.full((480, 640, 3), 128, np.uint8)
    for k in range(count):
        top, left = 20 + 230 * (k // 2), 40 + 320 * (k % 2)
        picture[top : top + SIDE, left : left + SIDE] = faces.pixels[k]
    return picture
