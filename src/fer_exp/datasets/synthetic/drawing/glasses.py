"""Glasses in front of the eyes."""

from __future__ import annotations

import numpy as np

from fer_exp.datasets.synthetic.drawing.canvas import line
from fer_exp.datasets.synthetic.scene import Scene
from fer_exp.datasets.synthetic.shape import at_depth
from fer_exp.datasets.synthetic.spline import smooth

_COLORS = ((32, 30, 34), (110, 70, 44), (150, 150, 158))
_ANGLES = np.linspace(0, 2 * np.pi, 25)[:-1]
_TEMPLE = np.array([(0.69, -0.03, 0.9), (1.0, -0.06, -0.1)])
_BRIDGE = np.array([(-0.19, 0.0, 1.05), (0, -0.035, 1.1), (0.19, 0.0, 1.05)])


def draw_glasses(image: np.ndarray, scene: Scene) -> None:
    """Draw two rims, round or squarish, with bridge and temples; nothing for a person without glasses."""
    person, view = scene.person, scene.view
    if not person.glasses:
        return
    color = _COLORS[int(person.glasses_color * len(_COLORS))]
    rim = _superellipse(0.62 if person.glasses_shape < 0.5 else 1) * (0.255, 0.20)
    for side in (-1, 1):
        line(image, view(at_depth(rim + (side * 0.44, 0.03), 0.95)), color, 2.2 * view.unit, closed=True)
        line(image, view(_TEMPLE * (side, 1, 1)), color, 2 * view.unit)
    line(image, view(smooth(_BRIDGE, 3)), color, 2 * view.unit)


def _superellipse(power: float) -> np.ndarray:
    """Return (24, 2) points within -1 to 1: a circle at power 1, squarer below."""
    x, y = np.cos(_ANGLES), np.sin(_ANGLES)
    return np.stack([np.sign(x) * np.abs(x) ** power, np.sign(y) * np.abs(y) ** power], axis=1)
