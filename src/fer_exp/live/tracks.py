"""Which face of a frame is which of the frames before, and its answers averaged over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fer_exp.landmarks import geometry

SAME = 0.3  # intersection over union from which boxes of two frames are the same face
FORGOTTEN = 1.0  # seconds after which a face that was not seen is another one


@dataclass
class _Track:
    number: int
    box: np.ndarray
    seen: float
    answers: list[np.ndarray]


class Tracker:
    """Numbers faces, and averages what networks say of each.

    The mean weighs an answer by exp(-age / smoothing), so that `smoothing` seconds are what it looks back; 0 takes the
    last answer alone.
    """

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing
        self._tracks: list[_Track] = []
        self._count = 0

    def forget_answers(self) -> None:
        """Begin all averages anew."""
        for track in self._tracks:
            track.answers = []

    def follow(
        self, boxes: np.ndarray, answers: list[np.ndarray], seconds: float
    ) -> tuple[list[int], list[list[np.ndarray]]]:
        """Return the number of each face of a frame, and its averaged answers, one for each network.

        Args:
            boxes: (k, 4) edges left, top, right, bottom.
            answers: of each network, (k, classes) probabilities.
            seconds: when the frame was taken.
        """
        self._tracks = [track for track in self._tracks if 0 <= seconds - track.seen <= FORGOTTEN]
        matched = self._match(boxes)
        numbers, averaged = [], []
        for k, box in enumerate(boxes):
            now = [of_network[k] for of_network in answers]
            track = matched.get(k)
            if track is None:
                track = _Track(self._count, box, seconds, now)
                self._tracks.append(track)
                self._count += 1
            else:
                keep = math.exp(-max(seconds - track.seen, 1e-3) / self.smoothing) if self.smoothing else 0.0
                old = track.answers or now
                track.answers = [keep * a + (1 - keep) * b for a, b in zip(old, now, strict=True)]
                track.box, track.seen = box, seconds
            numbers.append(track.number)
            averaged.append(track.answers)
        return numbers, averaged

    def _match(self, boxes: np.ndarray) -> dict[int, _Track]:
        """Return the known face of each box that has one; the pairs that overlap most come first."""
        if not len(boxes) or not self._tracks:
            return {}
        overlaps = geometry.overlaps(boxes, np.array([track.box for track in self._tracks]))
        pairs = np.argwhere(overlaps >= SAME)
        matched: dict[int, _Track] = {}
        taken: set[int] = set()
        for k, t in pairs[np.argsort(-overlaps[overlaps >= SAME], kind="stable")].tolist():
            if k not in matched and t not in taken:
                matched[k] = self._tracks[t]
                taken.add(t)
        return matched
