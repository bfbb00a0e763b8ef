"""The network of a stored run, ready for the faces of single frames."""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras
import numpy as np

from fer_exp.config.occlusion import Missing, OcclusionConfig
from fer_exp.inputs.pictures import fit
from fer_exp.landmarks.crops import cut
from fer_exp.live.crop import Crop
from fer_exp.occlusion.placement import place_occluder


@dataclass(frozen=True)
class Network:
    """A stored run's network.

    Attributes:
        title: what its answers are called: expression, gender, compare.
        name: of the run.
        classes: names of its outputs, in their order.
        model: from pictures (b, size, size, channels) in 0..255 to probabilities (b, classes).
        size: of its input, in pixels.
        channels: 1 (grey) or 3 (RGB).
        crop: of the pictures that it was trained on.
        occlusion: what covers a face.
        mirror: whether predictions are means over a face and its mirror image.
    """

    title: str
    name: str
    classes: tuple[str, ...]
    model: keras.Model
    size: int
    channels: int
    crop: Crop
    occlusion: OcclusionConfig
    mirror: bool = False

    def answer(self, frame: np.ndarray, landmarks: np.ndarray, covered: bool) -> np.ndarray:
        """Return probabilities (k, classes) float32 of the faces (k, 68, 2) of a frame (h, w, 3) uint8 RGB.

        Each face is cut out as the training pictures were, covered if that is asked for, and made grey as they were.
        """
        if not len(landmarks):
            return np.zeros((0, len(self.classes)), np.float32)
        squares = self.crop.squares(landmarks)
        faces = np.stack([cut(frame, square, self.size, self.crop.aspect) for square in squares])
        if covered:
            faces = self._covered(faces, landmarks, squares)
        pictures = fit(faces, self.size, self.channels).astype(np.float32)
        if self.mirror:
            pictures = np.concatenate([pictures, pictures[:, :, ::-1]])
        answers: np.ndarray = np.asarray(self.model.predict_on_batch(pictures))
        return (answers[: len(faces)] + answers[len(faces) :]) / 2 if self.mirror else answers

    def _covered(self, faces: np.ndarray, landmarks: np.ndarray, squares: np.ndarray) -> np.ndarray:
        lengths = squares[:, 2:] * np.array([1, self.crop.aspect])
        points = (landmarks - squares[:, None, :2] + lengths[:, None] / 2 + 0.5) / lengths[:, None] * self.size - 0.5
        sizes = np.full((len(faces), 2), self.size)
        placement = place_occluder(points, sizes, replace(self.occlusion, missing=Missing.frame))
        rows = np.arange(len(faces))
        return placement.paint(faces, rows, np.ones(len(faces), bool))

    def warm_up(self) -> None:
        """Let the network be traced for any number of faces, before the first frame waits for it."""
        for count in (1, 2, 3):
            blank = np.zeros((count * (1 + self.mirror), self.size, self.size, self.channels), np.float32)
            self.model.predict_on_batch(blank)
