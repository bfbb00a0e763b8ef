"""The face's surface: its outline, broad shading and beard."""

from __future__ import annotations

import cv2
import numpy as np

from fer_exp.datasets.synthetic.drawing.canvas import ellipse, line, mix, multiply, polygon, tint
from fer_exp.datasets.synthetic.identity import Beard
from fer_exp.datasets.synthetic.scene import Scene, View
from fer_exp.datasets.synthetic.shape import at_depth
from fer_exp.datasets.synthetic.spline import smooth

_FOREHEAD = np.array(
    [
        *[(1.0, 0.02), (0.985, -0.30), (0.90, -0.66), (0.68, -0.96), (0.36, -1.14), (0, -1.19)],
        *[(-0.36, -1.14), (-0.68, -0.96), (-0.90, -0.66), (-0.985, -0.30), (-1.0, 0.02)],
    ]
)
_UNDER_NOSE = np.array([(-0.17, 0.66, 0.85), (0.17, 0.66, 0.85), (0.09, 0.76, 0.9), (-0.09, 0.76, 0.9)])
_NOSE_SIDE = np.array([(0.05, -0.02, 0.9), (0.24, 0.58, 0.85), (0.12, 0.64, 0.95), (0.07, 0.3, 1.0)])
_BEARD_EDGE = np.array(
    [
        *[(0.80, 0.62), (0.70, 0.86), (0.52, 0.90), (0.40, 0.80), (0.22, 0.74), (0, 0.76)],
        *[(-0.22, 0.74), (-0.40, 0.80), (-0.52, 0.90), (-0.70, 0.86), (-0.80, 0.62)],
    ]
)
_BEARD_DENSITY = {Beard.STUBBLE: 0.32, Beard.MOUSTACHE: 0.88, Beard.FULL: 0.88}
_CHIN_LOWEST = 1.42


def draw_skin(image: np.ndarray, scene: Scene) -> None:
    """Fill the face and shade it: light and shadow are drawn small, blurred and multiplied in."""
    outline = _outline(scene)
    polygon(image, scene.view(outline), tint(scene.skin))
    view = scene.view.reduced(scene.view.size // 4)
    layer: np.ndarray = np.full((view.size, view.size, 3), 128, np.uint8)
    polygon(layer, view(outline), (108, 101, 98))
    polygon(
        layer, view.on_face(ellipse(0.13 * scene.light, 0.20, 0.80 * scene.person.face_width, 1.12)), (130, 127, 126)
    )
    polygon(layer, view.on_face(ellipse(0.14 * scene.light, -0.62, 0.55, 0.28)), (137, 136, 136))
    for side, au in scene.sides:
        _eye_socket(layer, view, side, au)
        _cheek(layer, view, side, au, scene.person.makeup)
    _nose(layer, view, scene)
    _chin(layer, view, scene)
    layer = cv2.GaussianBlur(layer, (0, 0), view.size * 0.024)
    line(layer, view(scene.shape.bridge[1:]), (141, 140, 140), view.size * 0.02)
    if scene.person.beard != Beard.NONE:
        _beard(layer, view, scene)
        layer = cv2.GaussianBlur(layer, (0, 0), max(0.6, view.size * 0.012))
    multiply(image, layer)


def _outline(scene: Scene) -> np.ndarray:
    """Return the (n, 3) contour of the face: the jaw, closed by the forehead."""
    forehead = smooth(at_depth(_FOREHEAD * (scene.person.face_width, 1), -0.05), 3)
    return np.concatenate([smooth(scene.shape.jaw, 3)[:-1], forehead[1:-1]])


def _eye_socket(layer: np.ndarray, view: View, side: int, au: dict[int, float]) -> None:
    polygon(layer, view.on_face(ellipse(side * 0.43, -0.10 - 0.04 * au[5], 0.25, 0.19)), (117, 110, 109))


def _cheek(layer: np.ndarray, view: View, side: int, au: dict[int, float], makeup: float) -> None:
    raised = 0.10 * au[6] + 0.08 * au[12]
    spread = 0.03 * au[12], 0.04 * au[12]
    ball = ellipse(side * (0.58 + spread[0]), 0.50 - raised, 0.20 + spread[1], 0.16)
    polygon(layer, view.on_face(ball), (136 + 6 * min(1, 6 * raised), 126, 124))
    if raised > 0.04:
        polygon(layer, view.on_face(ellipse(side * 0.66, 0.74 - raised, 0.10, 0.12)), (121, 115, 113))
    rouge = 10 * (0.25 + 0.5 * makeup)
    polygon(layer, view.on_face(ellipse(side * 0.60, 0.56 - raised, 0.13, 0.10)), (136, 128 - rouge, 127 - rouge))


def _nose(layer: np.ndarray, view: View, scene: Scene) -> None:
    away = -1 if scene.light > 0 else 1
    polygon(layer, view(_NOSE_SIDE * (away, 1, 1)), (114, 107, 105))
    polygon(layer, view(_UNDER_NOSE), (108, 101, 99))


def _chin(layer: np.ndarray, view: View, scene: Scene) -> None:
    lip = scene.shape.lips.bottom
    polygon(layer, view.on_face(ellipse(0, lip + 0.055, 0.21, 0.038)), (108, 102, 100))
    ball = min(lip + 0.24, _CHIN_LOWEST + scene.shape.jaw_drop)
    polygon(layer, view.on_face(ellipse(0, ball, 0.17, 0.10)), (135, 133, 132))


def _beard(layer: np.ndarray, view: View, scene: Scene) -> None:
    person, lips = scene.person, scene.shape.lips
    toward_hair = person.hair * 0.9 / np.maximum(person.skin, 1)
    toward_hair *= min(1, 0.72 / toward_hair.max())  # dark enough to be seen on any skin
    color = tint(mix((128, 128, 128), toward_hair * 128, _BEARD_DENSITY[person.beard]))
    if person.beard in (Beard.STUBBLE, Beard.FULL):
        jaw = scene.shape.jaw[2:15, :2] * (0.985, 1)
        polygon(layer, view.on_face(np.concatenate([smooth(jaw, 2), smooth(_BEARD_EDGE, 2)])), color)
        polygon(layer, view.on_face(ellipse(0, lips.bottom + 0.03, 0.10, 0.03)), (122, 120, 119))
    if person.beard in (Beard.MOUSTACHE, Beard.FULL):
        polygon(layer, view.on_face(smooth(_moustache(scene), 2, closed=True)), color)


def _moustache(scene: Scene) -> np.ndarray:
    left, right = scene.shape.lips.outer[0], scene.shape.lips.outer[6]
    points = np.array(
        [
            *[(-0.40, left[1] - 0.02), (-0.30, 0.80), (-0.10, 0.755), (0, 0.775), (0.10, 0.755), (0.30, 0.80)],
            *[(0.40, right[1] - 0.02), (0.2, 0.90), (0, 0.885), (-0.2, 0.90)],
        ]
    )
    return points + (0, scene.person.mouth_y - 0.03 * scene.actions.mean[10])
