"""Eyes and brows."""

from __future__ import annotations

import cv2
import numpy as np

from fer_exp.datasets.synthetic.drawing.canvas import disc, line, mix, polygon, tint
from fer_exp.datasets.synthetic.scene import Scene
from fer_exp.datasets.synthetic.shape import EYE_X
from fer_exp.datasets.synthetic.spline import smooth

_WHITE, _LID_SHADE, _LID_EDGE, _PUPIL = (240, 238, 236), (196, 188, 186), (70, 56, 52), (16, 14, 16)
_BROW_TAPER = ((0, 0.12, 0.55, 1), (0.75, 1.1, 1.0, 0.18))  # along the brow from its inner end, relative thickness


def draw_eyes(image: np.ndarray, scene: Scene) -> None:
    """Draw the crease of the lid, the eyeball and the lashes."""
    made_up = scene.person.makeup > 0.5
    lashes = (22, 16, 18) if made_up else tint(mix((28, 20, 20), scene.person.hair, 0.35))
    unit = scene.view.unit
    for (side, au), eye in zip(scene.sides, (scene.shape.left_eye, scene.shape.right_eye), strict=True):
        eye = scene.view(eye)
        upper, lower = smooth(eye[:4], 4), smooth(eye[[3, 4, 5, 0]], 4)
        _lid(image, scene, au, upper, (eye[0] + eye[3]) / 2)
        _eyeball(image, scene, side, upper, lower)
        line(image, lower, tint(scene.dark), unit)
        line(image, upper, lashes, (3.1 if made_up else 2.2) * unit)


def _lid(image: np.ndarray, scene: Scene, au: dict[int, float], upper: np.ndarray, centre: np.ndarray) -> None:
    height = 0.048 + 0.02 * au[5] + 0.03 * au[43] - 0.012 * au[4]
    crease = upper + (upper - centre) * (0.09, 0) - scene.view.down * scene.view.scale * height
    line(image, crease, tint(scene.shadow, 0.92), 1.1 * scene.view.unit)
    if scene.person.makeup > 0.5:
        polygon(image, np.concatenate([upper, crease[::-1]]), tint(mix(scene.skin * 0.8, (120, 90, 110), 0.35)))


def _eyeball(image: np.ndarray, scene: Scene, side: int, upper: np.ndarray, lower: np.ndarray) -> None:
    """Draw white, iris and pupil in a window of their own, and cut them out along the lids."""
    edge = np.concatenate([upper, lower])
    left, top = np.maximum(np.floor(edge.min(axis=0)).astype(int) - 3, 0)
    right, bottom = np.minimum(np.ceil(edge.max(axis=0)).astype(int) + 4, len(image))
    window = image[top:bottom, left:right]
    if not window.size:
        return
    origin = np.array([left, top])
    person, unit = scene.person, scene.view.unit
    ball = np.full_like(window, _WHITE[0])
    ball[:] = _WHITE
    line(ball, upper - origin, _LID_SHADE, 4.5 * unit)
    centre = (side * (EYE_X + person.eye_x) + person.gaze[0], -0.022 + person.gaze[1])
    radius = 0.088 * scene.view.scale * person.eye_scale
    _iris(ball, scene.view.on_face([centre])[0] - origin, radius, person.iris)
    line(ball, upper - origin, _LID_EDGE, 2 * unit)
    _cut_out(window, ball, edge - origin)


def _iris(ball: np.ndarray, centre: np.ndarray, radius: float, color: np.ndarray) -> None:
    disc(ball, centre, radius, tint(color, 0.5))
    disc(ball, centre, 0.84 * radius, tint(color, 1.05))
    disc(ball, centre + (0, 0.3 * radius), 0.5 * radius, tint(color, 1.3, 8))
    disc(ball, centre, 0.42 * radius, _PUPIL)
    disc(ball, centre - (0.3 * radius, 0.34 * radius), max(0.2 * radius, 0.6), (255, 255, 255))


def _cut_out(window: np.ndarray, ball: np.ndarray, edge: np.ndarray) -> None:
    """Put `ball` into `window` inside the polygon, with a soft edge."""
    mask: np.ndarray = np.zeros(window.shape[:2], np.uint8)
    polygon(mask, edge, (255,))
    mask = cv2.merge((mask, mask, mask))
    inside = cv2.multiply(ball, mask, scale=1 / 255)
    window[:] = cv2.add(inside, cv2.multiply(window, 255 - mask, scale=1 / 255))


def draw_brows(image: np.ndarray, scene: Scene) -> None:
    """Draw two tapered strokes, thinning outwards."""
    person, view = scene.person, scene.view
    color = tint(mix(person.hair, scene.skin * 0.55, 0.35 if person.tone < 5 else 0.15), 0.85)
    for brow in (scene.shape.left_brow[::-1], scene.shape.right_brow):
        middle = smooth(view(brow), 3)
        taper = np.interp(np.linspace(0, 1, len(middle)), *_BROW_TAPER)[:, None]
        half = view.down * view.scale * 0.034 * person.brow_thickness * taper
        polygon(image, np.concatenate([middle - half, (middle + 0.9 * half)[::-1]]), color)
