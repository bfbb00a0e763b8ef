"""What stands behind the face: the wall, neck, clothes and ears."""

from __future__ import annotations

import cv2
import numpy as np

from fer_exp.datasets.synthetic.drawing.canvas import disc, line, polygon, tint
from fer_exp.datasets.synthetic.identity import HairStyle
from fer_exp.datasets.synthetic.scene import Scene
from fer_exp.datasets.synthetic.shape import at_depth
from fer_exp.datasets.synthetic.spline import smooth

_NECK = np.array([(-0.62, 0.9), (-0.60, 1.6), (-0.72, 1.95), (0.72, 1.95), (0.60, 1.6), (0.62, 0.9)])
_SHOULDERS = np.array(
    [
        *[(-2.2, 2.6), (-1.6, 1.95), (-0.66, 1.66), (-0.3, 1.86)],
        *[(0.3, 1.86), (0.66, 1.66), (1.6, 1.95), (2.2, 2.6)],
    ]
)
_EAR = np.array([(0.96, -0.12), (1.10, -0.16), (1.15, 0.02), (1.10, 0.26), (1.0, 0.42), (0.93, 0.30)])
_EAR_FOLD = np.array([(1.0, -0.06), (1.08, -0.06), (1.09, 0.08), (1.03, 0.22)])
_GOLD = (236, 206, 120)


def wall(rng: np.random.Generator, scene: Scene) -> np.ndarray:
    """Paint a new canvas, (size, size, 3) uint8: two colours in soft blotches, more of the second one downwards."""
    person, size = scene.person, scene.view.size
    share = rng.random((4, 4, 1)) * 0.6 + np.linspace(0, 0.4, 4)[:, None, None]
    blotches = person.backdrop * (1 - share) + person.backdrop_2 * share
    return cv2.resize(blotches.astype(np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)


def draw_body(image: np.ndarray, scene: Scene) -> None:
    """Draw neck and clothes."""
    widening = (scene.person.face_width, 1)
    polygon(image, scene.view(at_depth(_NECK * widening, -0.1)), tint(scene.shadow, 1.02))
    polygon(image, scene.view(at_depth(_SHOULDERS, -0.2)), tint(scene.person.clothes))


def draw_ears(image: np.ndarray, scene: Scene) -> None:
    """Draw the ears, with earrings; long hair hides them."""
    person, view = scene.person, scene.view
    if person.hair_style == HairStyle.LONG:
        return
    for side in (-1, 1):
        widening = (side * person.face_width, 1)
        polygon(image, view(at_depth(smooth(_EAR * widening, 3, closed=True), -0.22)), tint(scene.skin, 0.90))
        line(image, view(at_depth(smooth(_EAR_FOLD * widening, 3), -0.22)), tint(scene.shadow, 0.98), view.unit)
        if person.earring:
            disc(image, view(at_depth(np.array([(1.0, 0.46)]) * widening, -0.2))[0], 2 * view.unit, _GOLD)
