"""A person with an expression in front of a camera: everything that the layers of a drawing need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fer_exp.datasets.synthetic.actions import Actions
from fer_exp.datasets.synthetic.identity import Identity
from fer_exp.datasets.synthetic.shape import Shape, on_face, shape

_PIVOT = np.array([0, 0.35, 0.45])  # the head turns about this point
_SWING = np.array([0.20, 0.12, 0.12])  # radians of yaw, pitch, roll at pose = 1


@dataclass(frozen=True)
class View:
    """Where the camera stands: an orthographic projection.

    Attributes:
        size: side of the canvas, pixels.
        scale: pixels per half face width.
        matrix: (2, 3), from a face's units to pixels.
        offset: (2,) pixels.
        down: (2,) unit vector of the face's downward direction in the picture.
    """

    size: int
    scale: float
    matrix: np.ndarray
    offset: np.ndarray
    down: np.ndarray

    @property
    def unit(self) -> float:
        """Return the width of a thin line in pixels."""
        return self.size / 192

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Project (n, 3) points of a face to (n, 2) pixels."""
        pixels: np.ndarray = (points - _PIVOT) @ self.matrix.T + self.offset
        return pixels

    def on_face(self, points: ArrayLike) -> np.ndarray:
        """Project (n, 2) points on the front of the head to (n, 2) pixels."""
        return self(on_face(points))

    def reduced(self, size: int) -> View:
        """Return the same view on a smaller canvas."""
        ratio = size / self.size
        return View(size, self.scale * ratio, self.matrix * ratio, self.offset * ratio, self.down)


def look(rng: np.random.Generator, size: int, pose: float) -> View:
    """Draw a view: the head's yaw, pitch and roll, its size and position. `pose` is a factor on the angles."""
    yaw, pitch, roll = _SWING * pose * np.clip(rng.normal(size=3), -2, 2)
    scale = size * (0.350 + 0.012 * rng.normal())
    centre = size * (0.5 + 0.015 * rng.normal(size=2) - (0, 0.095))
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    flatten = np.array(
        [
            [np.cos(yaw), 0, np.sin(yaw)],
            [np.sin(pitch) * np.sin(yaw), np.cos(pitch), -np.sin(pitch) * np.cos(yaw)],
        ]
    )
    return View(size, scale, turn @ flatten * scale, centre + turn @ _PIVOT[:2] * scale, turn[:, 1])


@dataclass(frozen=True)
class Scene:
    """What the layers draw.

    Attributes:
        person, actions, shape, view: who, showing what, in which geometry, seen from where.
        light: where the light comes from, -1 (the image's left) to 1.
        skin, shadow, dark: (3,) RGB of the skin, in shade, and in its darkest folds.
    """

    person: Identity
    actions: Actions
    shape: Shape
    view: View
    light: float
    skin: np.ndarray
    shadow: np.ndarray
    dark: np.ndarray

    @property
    def sides(self) -> tuple[tuple[int, dict[int, float]], ...]:
        """Return (sign of x, action units) of the image's left and right side."""
        return (-1, self.actions.left), (1, self.actions.right)


def arrange(
    rng: np.random.Generator, person: Identity, actions: Actions, *, size: int, pose: float, corruption: float
) -> Scene:
    """Put a person before the camera; `size` is the side of the canvas in pixels."""
    return Scene(
        person=person,
        actions=actions,
        shape=shape(person, actions),
        view=look(rng, size, pose),
        light=float(np.clip(rng.normal() * 0.5 * corruption, -1, 1)),
        skin=person.skin,
        shadow=person.skin * (0.70, 0.62, 0.60),
        dark=person.skin * (0.48, 0.38, 0.36),
    )
