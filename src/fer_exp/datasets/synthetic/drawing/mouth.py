"""The lips, and what shows between them."""

from __future__ import annotations

import numpy as np

from fer_exp.datasets.synthetic.drawing.canvas import line, mix, polygon, tint
from fer_exp.datasets.synthetic.scene import Scene
from fer_exp.datasets.synthetic.spline import smooth

_INSIDE, _TEETH, _LOWER_TEETH, _TONGUE = (74, 26, 30), (236, 231, 222), (222, 216, 206), (176, 84, 88)
_LIPSTICKS = np.array([(190, 50, 70), (170, 60, 90), (200, 92, 84)])
_CLOSED = 0.012  # smaller gaps are drawn as a line
_TONGUE_SHOWS = 0.07


def draw_mouth(image: np.ndarray, scene: Scene) -> None:
    """Draw the inside of the mouth, the teeth and the lips."""
    lips, view = scene.shape.lips, scene.view
    outer, inner = view.on_face(lips.outer), view.on_face(lips.inner)
    upper_edge, lower_edge = smooth(outer[:7], 4), smooth(outer[[*range(6, 12), 0]], 4)
    upper_inner, lower_inner = smooth(inner[:5], 4), smooth(inner[[*range(4, 8), 0]], 4)
    opened = lips.gap > _CLOSED
    if opened:
        _inside(image, scene, upper_inner, lower_inner[::-1])
    red = _color(scene)
    polygon(image, np.concatenate([upper_edge, upper_inner[::-1]]), tint(red, 0.86))
    polygon(image, np.concatenate([lower_edge, lower_inner[::-1]]), tint(red))
    # Both lower curves have the same ends; the outer one has half as many points again.
    shine = 0.55 * lower_edge[10:15] + 0.45 * lower_inner[[7, 7, 8, 9, 9]]
    line(image, shine, tint(mix(red, (255, 235, 230), 0.22)), 2.2 * view.unit)
    line(image, upper_inner, tint(red, 0.55 if opened else 0.45), (1.0 if opened else 1.5) * view.unit)


def _color(scene: Scene) -> np.ndarray:
    person = scene.person
    if person.tone < 4:
        red = mix((196, 98, 98), scene.skin * (0.82, 0.60, 0.60), 0.25 if person.makeup else 0.62)
    else:
        red = scene.skin * (0.86, 0.68, 0.70)
    if person.makeup > 0.6:
        red = mix(red, _LIPSTICKS[int(person.lipstick * len(_LIPSTICKS))], 0.55)
    return red


def _inside(image: np.ndarray, scene: Scene, upper: np.ndarray, lower: np.ndarray) -> None:
    """Draw upper teeth, tongue and lower teeth between the inner edges (n, 2) of both lips, from left to right."""
    au, scale = scene.actions.mean, scene.view.scale
    polygon(image, np.concatenate([upper, lower[::-1]]), _INSIDE)
    apart = lower - upper
    height = np.hypot(*apart.T)[:, None] + 1e-6
    down = apart / height
    bared = 0.35 + 0.65 * np.clip(au[12] + au[10] + 0.8 * au[20] + 0.35, 0, 1)
    teeth = np.minimum(np.minimum(height, 0.085 * scale) * bared, 0.92 * height)
    polygon(image, np.concatenate([upper, (upper + down * teeth)[::-1]]), _TEETH)
    middle = slice(3, -3)
    if scene.shape.lips.gap > _TONGUE_SHOWS:
        polygon(image, np.concatenate([lower[middle], (lower - 0.38 * apart)[middle][::-1]]), _TONGUE)
    if au[20] > 0.35 or au[23] > 0.3:
        edge = lower - down * np.minimum(0.35 * height, 0.05 * scale)
        polygon(image, np.concatenate([lower[middle], edge[middle][::-1]]), _LOWER_TEETH)
