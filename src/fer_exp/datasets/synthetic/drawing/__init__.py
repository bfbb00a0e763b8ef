"""From a scene to pixels: one module per part of the picture, painted from back to front."""

from __future__ import annotations

import numpy as np

from fer_exp.datasets.synthetic.drawing.backdrop import draw_body, draw_ears, wall
from fer_exp.datasets.synthetic.drawing.eyes import draw_brows, draw_eyes
from fer_exp.datasets.synthetic.drawing.glasses import draw_glasses
from fer_exp.datasets.synthetic.drawing.hair import draw_behind, draw_front
from fer_exp.datasets.synthetic.drawing.mouth import draw_mouth
from fer_exp.datasets.synthetic.drawing.skin import draw_skin
from fer_exp.datasets.synthetic.drawing.wrinkles import draw_nostrils, draw_wrinkles
from fer_exp.datasets.synthetic.scene import Scene

_LAYERS = (
    *(draw_behind, draw_body, draw_ears, draw_skin, draw_wrinkles, draw_nostrils),
    *(draw_mouth, draw_eyes, draw_brows, draw_front, draw_glasses),
)


def paint(rng: np.random.Generator, scene: Scene) -> np.ndarray:
    """Paint the scene as a clean picture, (s, s, 3) uint8 RGB, s = scene.view.size."""
    image = wall(rng, scene)
    for draw in _LAYERS:
        draw(image, scene)
    return image
