"""From pictures to 68 points each: first in the whole picture, then again in the square around the points found.

Where the two disagree, the search starts again in the box that a face detector finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from fer_exp.landmarks import face_api, geometry, quality
from fer_exp.landmarks.crops import cut
from fer_exp.system.assets import FACE_API, MANIFEST, fetch

BATCH = 64
BOX_BATCH = 16  # its pictures are fourteen times as large
SURE = 0.5  # certainty from which a box counts as a face; the detector's own default
OVERLAP = 0.4  # intersection over union from which two boxes are the same face, likewise
# for each point, the index of its counterpart in a mirrored face: jaw, brows, nose, eyes, mouth
# fmt: off
PARTNER = np.array([
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1),
])
# fmt: on


class Answer(NamedTuple):
    """Points (b, 68, 2) float64 pixels found in b pictures, and their measures (b, 4) of fer_exp.landmarks.quality."""

    points: np.ndarray
    measures: np.ndarray


class Search:
    """The two networks, fetched at first use.

    Raises:
        UserError: they can be fetched neither from their publisher nor from a folder.
    """

    def __init__(self) -> None:
        self._points = _published(face_api.landmark_network(), "face_landmark_68_model")
        self._boxes = _published(face_api.box_network(), "tiny_face_detector_model")

    def framed(self, pictures: Sequence[np.ndarray], share: float = 1.0, lower: float = 0.0) -> Answer:
        """Find the face that fills a square of each picture (h, w, 3) uint8 RGB.

        The square's side is `share` of the picture's longer side, its middle `lower` of that below the picture's.
        """
        squares = np.array([_enclosing(0, 0, picture.shape[1], picture.shape[0]) for picture in pictures]) - _HALF
        longer = squares[:, 2:]
        return self._twice(pictures, np.hstack([squares[:, :1], squares[:, 1:2] + lower * longer, share * longer]))

    def boxed(self, pictures: Sequence[np.ndarray]) -> tuple[Answer, np.ndarray]:
        """Find the most conspicuous face of each picture: the one with the highest area times certainty.

        Returns:
            answer: NaN rows where no face was seen.
            faces: (b,) int64, how many were seen.
        """
        faces = self.seen(pictures)
        squares = np.full((len(pictures), 3), np.nan)
        for row, (boxes, certainty) in enumerate(faces):
            if len(boxes):
                best = (np.prod(boxes[:, 2:] - boxes[:, :2], 1) * certainty).argmax()
                squares[row] = np.array(_enclosing(*boxes[best])) - _HALF
        rows = np.flatnonzero(np.isfinite(squares).all(1)).tolist()
        points = np.full((len(pictures), 68, 2), np.nan)
        measures = np.full((len(pictures), len(quality.MEASURES)), np.nan, np.float32)
        if rows:
            points[rows], measures[rows] = self._twice([pictures[row] for row in rows], squares[rows])
        return Answer(points, measures), np.array([len(boxes) for boxes, _ in faces])

    def seen(self, pictures: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the boxes of the faces of each picture, and how certain they are, the surest first.

        Returns:
            For each picture, (k, 4) float64 left, top, right and bottom edges in pixels, and (k,) in 0..1.
        """
        sides = [max(picture.shape[:2]) for picture in pictures]
        padded = [np.array([(side - 1) / 2, (side - 1) / 2, side]) for side in sides]  # padded right and below
        crops = [cut(picture, square, face_api.BOX_SIDE) for picture, square in zip(pictures, padded, strict=True)]
        candidates = zip(*face_api.boxes(_predict(self._boxes, crops, (BOX_BATCH, 1))), sides, strict=True)
        return [_distinct(boxes * side, certainty) for boxes, certainty, side in candidates]

    def around(self, picture: np.ndarray, squares: np.ndarray) -> Answer:
        """Find the face in each square (k, 3) of one picture; it is looked for once, and once in the mirror image.

        Half the work of `framed` and `boxed`, for the frames of a film: `drift` measures nothing here.
        """
        crops = [cut(picture, square, face_api.SIDE) for square in squares]
        both = np.asarray([*crops, *(crop[:, ::-1] for crop in crops)], np.float32)
        # of any size, since frames have few faces: after two sizes the network is traced for all
        points = np.asarray(self._points.predict_on_batch(both)).reshape(-1, 68, 2).astype(np.float64)
        return _joined(points[: len(crops)], points[len(crops) :], squares, crops)

    def _twice(self, pictures: Sequence[np.ndarray], squares: np.ndarray) -> Answer:
        crops = [cut(picture, square, face_api.SIDE) for picture, square in zip(pictures, squares, strict=True)]
        first = _unfold(self._find(crops), squares)
        low, high = first.min(1), first.max(1)
        squares = np.column_stack([(low + high) / 2, np.maximum((high - low).max(1), 1)])
        crops = [cut(picture, square, face_api.SIDE) for picture, square in zip(pictures, squares, strict=True)]
        return _joined(self._find(crops), self._find([crop[:, ::-1] for crop in crops]), squares, crops, first)

    def _find(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        return _predict(self._points, crops, (BATCH, BATCH // 8)).reshape(-1, 68, 2).astype(np.float64)


def _joined(
    straight: np.ndarray,
    mirrored: np.ndarray,
    squares: np.ndarray,
    crops: Sequence[np.ndarray],
    first: np.ndarray | None = None,
) -> Answer:
    """Return the mean of points found in squares and in their mirror images, both in parts of the square.

    The network leans 0.8 of its pixels to the left: the mean with the mirror image does not, and is better.
    """
    mirrored = mirrored[:, PARTNER]
    mirrored[..., 0] = 1 - mirrored[..., 0]
    straight, mirrored = _unfold(straight, squares), _unfold(mirrored, squares)
    contrast = np.array([crop.std() for crop in crops])
    points = (straight + mirrored) / 2
    return Answer(points, quality.measure(points if first is None else first, straight, mirrored, contrast))


_HALF = np.array([0.5, 0.5, 0])  # pixel centres are at whole numbers, edges are not


def _published(network: keras.Model, name: str) -> keras.Model:
    manifest, binary = (fetch(FACE_API, f"{name}{end}") for end in (MANIFEST, ".bin"))
    return face_api.load(network, manifest, binary)


def _enclosing(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float]:
    """Return centre and side of the square around a box."""
    return (left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top)


def _unfold(parts: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Turn points (b, 68, 2) in parts of squares (b, 3) into pixels of the pictures."""
    points: np.ndarray = (parts - 0.5) * squares[:, None, 2:] + squares[:, None, :2]
    return points


def _predict(network: keras.Model, crops: Sequence[np.ndarray], sizes: tuple[int, ...]) -> np.ndarray:
    """Return the network's answers, in batches of these sizes alone, largest first: any other would be traced anew."""
    answers = []
    for start in range(0, len(crops), sizes[0]):
        batch = np.asarray(crops[start : start + sizes[0]], np.float32)
        n = len(batch)
        size = min(size for size in sizes if size >= n)
        padded = np.pad(batch, [(0, size - n), (0, 0), (0, 0), (0, 0)])
        answers.append(np.asarray(network.predict_on_batch(padded))[:n])
    return np.concatenate(answers)


def _distinct(boxes: np.ndarray, certainty: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one box (k, 4) per face, the surest first, and its certainty (k,)."""
    order = np.argsort(-certainty, kind="stable")
    order = order[certainty[order] > SURE]
    kept: list[int] = []
    for row in order:
        if (geometry.overlaps(boxes[[row]], boxes[kept]) < OVERLAP).all():
            kept.append(row)
    return boxes[kept], certainty[kept]
