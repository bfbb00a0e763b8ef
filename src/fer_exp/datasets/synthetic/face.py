"""One face: a function of the seed, the part and its index, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fer_exp.datasets.synthetic import actions, identity
from fer_exp.datasets.synthetic.drawing import paint
from fer_exp.datasets.synthetic.drawing.camera import photograph
from fer_exp.datasets.synthetic.scene import arrange

PARTS = ("train", "test")

_SMALLEST_CANVAS = 176  # smaller pictures are drawn larger and reduced: thin lines need the room


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
    degrade: float


def draw(look: Look, part: str, index: int, expression: str) -> Face:
    """Draw the face of this part ("train" or "test") and index with this expression, one of CLASSES.

    Person, action units, scene and camera have a stream of random numbers each: another expression, intensity or
    amount of degradation leaves the person as they are.
    """
    person_rng, action_rng, scene_rng, camera_rng = (
        np.random.default_rng((look.seed, PARTS.index(part), index, stream)) for stream in range(4)
    )
    shown = actions.sample(
        action_rng, expression, intensity=look.intensity, spread=look.spread, idle=look.idle, blend=look.blend
    )
    canvas_size = look.size * max(1, -(-_SMALLEST_CANVAS // look.size))
    person = identity.sample(person_rng)
    scene = arrange(scene_rng, person, shown, size=canvas_size, pose=look.pose, degrade=look.degrade)
    pixels = photograph(camera_rng, paint(scene_rng, scene), size=look.size, light=scene.light, degrade=look.degrade)
    # Reducing a picture moves pixel centres: the first of three pixels is a third left of the one they become.
    landmarks = (scene.view(scene.shape.landmarks) + 0.5) * (look.size / canvas_size) - 0.5
    return Face(pixels, landmarks.astype(np.float32), shown)
