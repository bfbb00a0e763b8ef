"""Hair behind and in front of the face."""

from __future__ import annotations

import numpy as np

from fer_exp.datasets.synthetic.drawing.canvas import disc, line, polygon, tint
from fer_exp.datasets.synthetic.identity import HairStyle
from fer_exp.datasets.synthetic.scene import Scene
from fer_exp.datasets.synthetic.shape import at_depth
from fer_exp.datasets.synthetic.spline import smooth

# Closed outlines behind the head, with the brightness of their colour.
_BEHIND = {
    HairStyle.LONG: (
        0.78,
        np.array(
            [
                *[(-1.12, -0.2), (-1.08, -0.8), (-0.7, -1.30), (0, -1.48), (0.7, -1.30), (1.08, -0.8), (1.12, -0.2)],
                *[(1.2, 0.5), (1.22, 1.2), (1.15, 2.0), (-1.15, 2.0), (-1.22, 1.2), (-1.2, 0.5)],
            ]
        ),
    ),
    HairStyle.CURLY: (
        0.85,
        np.array(
            [
                *[(-1.1, -0.1), (-1.38, -0.6), (-1.0, -1.25), (0, -1.62), (1.0, -1.25), (1.38, -0.6), (1.1, -0.1)],
                *[(1.0, 0.3), (-1.0, 0.3)],
            ]
        ),
    ),
}

# Upper outline from left to right, hair lines from right to left.
_TOP = np.array(
    [
        *[(-1.06, 0.02), (-1.10, -0.45), (-0.92, -0.98), (-0.5, -1.34), (0, -1.43)],
        *[(0.5, -1.34), (0.92, -0.98), (1.10, -0.45), (1.06, 0.02)],
    ]
)
_SIDE_PART = np.array(
    [
        *[(0.985, -0.02), (0.94, -0.42), (0.76, -0.66), (0.30, -0.70), (-0.10, -0.86)],
        *[(-0.42, -1.0), (-0.62, -0.86), (-0.90, -0.50), (-0.985, -0.02)],
    ]
)
_FRINGE = np.array(
    [
        *[(0.95, 0.10), (0.92, -0.35), (0.66, -0.60), (0.32, -0.575), (0, -0.60)],
        *[(-0.32, -0.575), (-0.66, -0.60), (-0.92, -0.35), (-0.95, 0.10)],
    ]
)
_CENTRE_PART = np.array(
    [
        *[(0.96, 0.20), (0.90, -0.30), (0.66, -0.72), (0.30, -0.97), (0, -1.08)],
        *[(-0.30, -0.97), (-0.66, -0.72), (-0.90, -0.30), (-0.96, 0.20)],
    ]
)
_STRANDS = ((0.25, 1.28), (0.5, 1.12), (0.75, 0.80))  # position between outline and hair line, brightness


def draw_behind(image: np.ndarray, scene: Scene) -> None:
    """Draw the part of long and of curly hair that the head covers."""
    if scene.person.hair_style in _BEHIND:
        brightness, outline = _BEHIND[scene.person.hair_style]
        points = smooth(outline * (scene.person.face_width, 1), 3, closed=True)
        polygon(image, scene.view(at_depth(points, -0.3)), tint(scene.person.hair, brightness))


def draw_front(image: np.ndarray, scene: Scene) -> None:
    """Draw the hair above the forehead, its shadow and strands."""
    person, view = scene.person, scene.view
    if person.hair_style == HairStyle.BALD:
        return
    widening = (person.face_width, 1)
    top = view(at_depth(smooth(_TOP * widening, 3), -0.15))
    edge = smooth(_hair_line(scene) * widening, 3)
    edge = view(at_depth(edge, 0.35 * (1 - np.abs(edge[:, 0]))))
    line(image, edge + view.down * 2.5 * view.unit, tint(scene.shadow, 0.95), 3 * view.unit)
    polygon(image, np.concatenate([top, edge]), tint(person.hair))
    for position, brightness in _STRANDS:
        strand = (top * (1 - position) + edge[::-1] * position)[4:-4]
        line(image, strand, tint(person.hair, brightness, 4 * (brightness > 1)), 2.4 * view.unit)
    if person.hair_style == HairStyle.CURLY:
        for point in top[::2]:
            disc(image, point, 7 * view.unit, tint(person.hair, 0.92))


def _hair_line(scene: Scene) -> np.ndarray:
    """Return the (9, 2) hair line from right to left."""
    person = scene.person
    if person.hair_style == HairStyle.SIDE_PART:
        return _SIDE_PART if person.hair_part < 0.5 else _SIDE_PART[::-1] * (-1, 1)
    if person.hair_style == HairStyle.LONG:
        return _FRINGE if person.fringe < 0.35 else _CENTRE_PART
    y = -0.86 + 0.10 * (person.fringe - 0.5)
    half = [(0.985, 0.0), (0.955, -0.34), (0.84, -0.62), (0.50, y - 0.02)]
    return np.array([*half, (0, y - 0.04), *((-x, y) for x, y in half[::-1])])
