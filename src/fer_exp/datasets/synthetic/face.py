"""One face: it depends on the look, the part, its index and its expression, and on nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from fer_exp.datasets.synthetic import actions, identity
from fer_exp.datasets.synthetic.drawing import paint
from fer_exp.datasets.synthetic.drawing.camera import photograph
from fer_exp.datasets.synthetic.scene import arrange

PARTS = ("train", "test")

_SMALLEST_CANVAS = 176  # smaller pictures are drawn larger and reduced, for the sake of thin lines


class Stream(IntEnum):
    """What random numbers are drawn for; each purpose has a stream of its own."""

    PERSON = 0
    ACTIONS = 1
    SCENE = 2
    CAMERA = 3
    CLASSES = 4
    LABELS = 5


def random_stream(seed: int, part: str, index: int, stream: Stream) -> np.random.Generator:
    """Return a generator of its own for each seed, part, index and purpose."""
    return np.random.default_rng((seed, PARTS.index(part), index, stream))


class Face(NamedTuple):
    """One picture.

    Attributes:
        pixels: (size, size, 3) uint8 RGB.
        landmarks: (68, 2) float32, iBUG order, pixels (x right, y down), pixel centres at whole numbers.
        actions: the action units shown.
    """

    pixels: np.ndarray
    landmarks: np.ndarray
    actions: actions.Actions


@dataclass(frozen=True)
class Look:
    """What the pictures of one dataset share; the keys of conf/dataset/synthetic.yaml with these names."""

    seed: int
    size: int
    intensity: float
    spread: float
    idle: float
    blend: float
    pose: float
    corruption: float


def draw(look: Look, part: str, index: int, expression: str) -> Face:
    """Draw the face of this part ("train" or "test") and index with this expression, one of CLASSES.

    Person, action units, scene and camera have a stream of random numbers each: another expression, intensity or
    amount of degradation leaves the person unchanged.
    """

    def stream(purpose: Stream) -> np.random.Generator:
        return random_stream(look.seed, part, index, purpose)

    shown = actions.sample(
        stream(Stream.ACTIONS),
        expression,
        intensity=look.intensity,
        spread=look.spread,
        idle=look.idle,
        blend=look.blend,
    )
    canvas_size = look.size * max(1, -(-_SMALLEST_CANVAS // look.size))
    scene_rng = stream(Stream.SCENE)
    person = identity.sample(stream(Stream.PERSON))
    scene = arrange(scene_rng, person, shown, size=canvas_size, pose=look.pose, corruption=look.corruption)
    canvas = paint(scene_rng, scene)
    pixels = photograph(stream(Stream.CAMERA), canvas, size=look.size, light=scene.light, corruption=look.corruption)
    # Reducing a picture moves pixel centres: the first of three pixels is a third left of the one they become.
    landmarks = (scene.view(scene.shape.landmarks) + 0.5) * (look.size / canvas_size) - 0.5
    return Face(pixels, landmarks.astype(np.float32), shown)
