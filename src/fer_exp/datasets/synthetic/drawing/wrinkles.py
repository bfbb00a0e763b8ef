"""Lines and folds that action units and age make, and the nose's outline."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from fer_exp.datasets.synthetic.drawing.canvas import ellipse, line, multiply, polygon, tint
from fer_exp.datasets.synthetic.scene import Scene, View
from fer_exp.datasets.synthetic.shape import at_depth
from fer_exp.datasets.synthetic.spline import smooth

_FAINTEST = 0.07  # weaker folds are not drawn
_NOSE_WING = np.array([(-0.035, -0.095), (0.012, -0.045), (0.005, 0.02), (-0.06, 0.035)])


def draw_wrinkles(image: np.ndarray, scene: Scene) -> None:
    """Multiply all folds into the picture; they are drawn at half the size and blurred."""
    view = scene.view.reduced(scene.view.size // 2)
    layer = np.full((view.size, view.size, 3), 128, np.uint8)
    for side, au in scene.sides:
        corner = scene.shape.lips.outer[0 if side < 0 else 6] * (side, 1)
        folds = (*_upper_folds(au, scene.person.age), *_cheek_folds(au, scene.person.age, corner))
        for points, depth, width in (*folds, *_chin_folds(scene)):
            if depth > _FAINTEST:
                _fold(layer, view, np.array(points) * (side, 1), min(depth, 1), width)
    _nose_wings(layer, view, scene)
    multiply(image, cv2.GaussianBlur(layer, (0, 0), 0.75 * scene.view.unit))


def draw_nostrils(image: np.ndarray, scene: Scene) -> None:
    """Draw two dark ellipses, taller with a wrinkled nose."""
    for point in (scene.shape.nostrils[1], scene.shape.nostrils[3]):
        half_height = 0.017 + 0.006 * scene.actions.mean[9]
        hole = ellipse(point[0], point[1] - 0.008, 0.042 * scene.person.nose_width, half_height)
        polygon(image, scene.view(at_depth(hole, point[2])), tint(scene.dark, 0.72))


def _fold(layer: np.ndarray, view: View, points: np.ndarray, depth: float, width: float) -> None:
    color = (128 - 50 * depth, 128 - 66 * depth, 128 - 68 * depth)
    line(layer, view.on_face(smooth(points, 3)), color, 1.6 * width * view.unit)


# Folds of the image's right side; the left side mirrors them.
_Fold = tuple[list[tuple[float, float]], float, float]  # points, depth, width


def _upper_folds(au: dict[int, float], age: float) -> Iterator[_Fold]:
    frown = 1.0 * au[4] + 0.15 * au[9] + 0.1 * max(0, age - 0.5)
    yield [(0.075, -0.16), (0.085, -0.24 + 0.03 * au[4]), (0.10, -0.40 + 0.05 * au[4])], frown, 1.3
    for k in range(3):  # across the forehead
        y = -0.56 - 0.095 * k
        points = [
            *[(0.02, y - 0.05 * au[1]), (0.25, y - 0.035 * au[1] - 0.02 * au[2])],
            *[(0.48, y - 0.05 * au[2]), (0.66, y + 0.03)],
        ]
        raised = 0.55 * au[1] + 0.65 * au[2] - 0.4 * au[4]
        yield points, raised * (1 - 0.2 * k) + 0.12 * max(0, age - 0.4), 1
    for k in (-1, 0, 1):  # crow's feet
        yield [(0.69, 0.035 * k), (0.80, -0.005 + 0.075 * k)], 0.8 * au[6] + 0.15 * max(0, age - 0.5), 1
    below_eye = [
        *[(0.27, 0.13 - 0.01 * au[6]), (0.42, 0.165 - 0.03 * au[6] - 0.02 * au[7]), (0.58, 0.12 - 0.02 * au[6])],
    ]
    yield below_eye, 0.15 + 0.2 * age + 0.55 * au[6] + 0.4 * au[7], 1
    for k in range(3):  # across the nose
        yield [(0.03, 0.10 + 0.065 * k), (0.10, 0.06 + 0.07 * k), (0.15, 0.10 + 0.08 * k)], 0.95 * au[9], 1


def _cheek_folds(au: dict[int, float], age: float, corner: np.ndarray) -> Iterator[_Fold]:
    x, y = corner
    out, up = 0.07 * au[12], 0.05 * au[12] + 0.04 * au[9] + 0.03 * au[10]
    nasolabial = 0.18 * age + 0.55 * au[12] + 0.75 * au[10] + 0.55 * au[9] + 0.25 * au[20] + 0.15 * au[15]
    points = [(0.225, 0.60 - up), (0.36 + out, 0.72 - up), (x + 0.085, y - 0.06), (x + 0.105, y + 0.06)]
    yield points, nasolabial, 1.4
    dimple = 1.0 * au[14] + 0.2 * au[12]
    yield [(x + 0.045, y - 0.055), (x + 0.062, y), (x + 0.045, y + 0.055)], dimple, 1.5
    sagging = 0.75 * au[15] + 0.12 * age
    yield [(x + 0.02, y + 0.01), (x + 0.055, y + 0.07), (x + 0.05, y + 0.13)], sagging, 1.3


def _chin_folds(scene: Scene) -> Iterator[_Fold]:
    au, lip = scene.actions.mean, scene.shape.lips.bottom
    yield [(0.03, lip + 0.14), (0.10, lip + 0.12), (0.17, lip + 0.16)], 0.8 * au[17], 1.2
    yield [(0.02, lip + 0.21), (0.09, lip + 0.20)], 0.7 * au[17], 1.2
    yield [(0.10, lip + 0.035), (0.24, lip + 0.02)], 0.6 * au[24] + 0.4 * au[23], 1


def _nose_wings(layer: np.ndarray, view: View, scene: Scene) -> None:
    for side, wing in ((-1, scene.shape.nostrils[0]), (1, scene.shape.nostrils[4])):
        points = at_depth(_NOSE_WING * (side, 1) + wing[:2], wing[2])
        line(layer, view(smooth(points, 3)), (100, 90, 88), 2 * view.unit)
