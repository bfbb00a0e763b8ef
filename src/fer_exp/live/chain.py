"""From a frame to what networks say of each of its faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fer_exp.landmarks.video import FaceFinder
from fer_exp.live.networks import Network
from fer_exp.live.tracks import Tracker


class Face(NamedTuple):
    """A face of a frame.

    Attributes:
        number: the same as long as it is followed.
        box: (4,) edges left, top, right, bottom in pixels.
        landmarks: (68, 2) pixels.
        answers: of each network, (classes,) probabilities in this frame.
        averaged: the same, averaged over the frames before.
    """

    number: int
    box: np.ndarray
    landmarks: np.ndarray
    answers: list[np.ndarray]
    averaged: list[np.ndarray]


class Chain:
    """Finds faces, asks networks, follows faces from frame to frame."""

    def __init__(self, finder: FaceFinder, networks: Sequence[Network], smoothing: float, most_faces: int) -> None:
        self.finder, self.networks, self.most_faces = finder, networks, most_faces
        self.tracker = Tracker(smoothing)

    def __call__(self, frame: np.ndarray, seconds: float, covered: bool) -> list[Face]:
        """Return the faces of a frame (h, w, 3) uint8 RGB that was taken at a time, the largest first."""
        found = self.finder.find(frame, self.most_faces)
        answers = [network.answer(frame, found.landmarks, covered) for network in self.networks]
        numbers, averaged = self.tracker.follow(found.boxes, answers, seconds)
        return [
            Face(numbers[k], found.boxes[k], found.landmarks[k], [a[k] for a in answers], averaged[k])
            for k in range(len(numbers))
        ]
