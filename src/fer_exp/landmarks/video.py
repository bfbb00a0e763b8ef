"""Every face of a frame: boxes by a detector made for video, 68 points in each, and how sure they are."""

from __future__ import annotations

import logging
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from fer_exp.errors import UserError
from fer_exp.landmarks import quality
from fer_exp.landmarks.search import Search
from fer_exp.system.assets import YUNET, fetch

log = logging.getLogger(__name__)

SIDES = (
    320,
    640,
)  # pixels of the longer side that YuNet sees; the second, at three times the cost, where the first shows none
STRIDE = 32  # divides the height and width that it takes
SURE = 0.6  # certainty from which a box counts as a face
OVERLAP = 0.3  # intersection over union from which two boxes are the same face; the network's own default
MOST = 5000  # candidates that are looked at; likewise


class Detector(Protocol):
    """Finds the boxes of faces in a frame."""

    name: str

    def boxes(self, frame: np.ndarray) -> np.ndarray:
        """Return the boxes of the faces of a frame (h, w, 3) uint8 RGB, (k, 4) float64 edges left, top, right, bottom.

        In pixels; they may lie outside the frame in part.
        """


class YuNet:
    """OpenCV's detector for video (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023).

    Raises:
        UserError: its file can be had neither from its publisher nor from a folder.
    """

    name = "YuNet"

    def __init__(self) -> None:
        file = fetch(YUNET, next(iter(YUNET.files)))
        self._network = cv2.FaceDetectorYN.create(str(file), "", (STRIDE, STRIDE), SURE, OVERLAP, MOST)

    def boxes(self, frame: np.ndarray) -> np.ndarray:
        """Return the boxes of the faces of a frame, as Detector says."""
        found = self._boxes_at(frame, SIDES[0])
        return found if len(found) else self._boxes_at(frame, SIDES[1])

    def _boxes_at(self, frame: np.ndarray, side: int) -> np.ndarray:
        height, width = frame.shape[:2]
        scale = side / max(height, width)
        size = [max(1, round(length * scale)) for length in (width, height)]
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        right, below = (-length % STRIDE for length in size)
        padded = cv2.copyMakeBorder(small[..., ::-1], 0, below, 0, right, cv2.BORDER_CONSTANT)
        self._network.setInputSize((padded.shape[1], padded.shape[0]))
        _, found = self._network.detect(padded)
        corners = np.zeros((0, 4)) if found is None else found[:, :4].astype(np.float64)
        corners[:, 2:] += corners[:, :2]
        boxes: np.ndarray = corners / (np.array([*size, *size]) / (width, height, width, height))
        return boxes


class FaceApi:
    """The detector that finds landmarks of datasets too: slower, and it misses more."""

    name = "face-api"

    def __init__(self, search: Search) -> None:
        self._search = search

    def boxes(self, frame: np.ndarray) -> np.ndarray:
        """Return the boxes of the faces of a frame, as Detector says."""
        ((boxes, _),) = self._search.seen([frame])
        return boxes


class FacesFound(NamedTuple):
    """The k faces of a frame.

    Attributes:
        boxes: (k, 4) float64, edges left, top, right, bottom in pixels.
        landmarks: (k, 68, 2) float64 pixels, iBUG order.
        scores: (k,) float32 in 0..1, plausible from 0.5 (see fer_exp.landmarks.quality.judge).
    """

    boxes: np.ndarray
    landmarks: np.ndarray
    scores: np.ndarray


class FaceFinder:
    """Finds the faces of frames.

    Raises:
        UserError: the landmark networks can be had neither from their publisher nor from a folder.
    """

    def __init__(self) -> None:
        self._search = Search()
        self.detector: Detector
        try:
            self.detector = YuNet()
        except UserError as error:
            log.warning("warning: the face-api detector takes its place, slower and missing more faces: %s", error)
            self.detector = FaceApi(self._search)

    def find(self, frame: np.ndarray, most: int) -> FacesFound:
        """Find the faces of a frame (h, w, 3) uint8 RGB: the `most` largest, the largest first."""
        boxes = self.detector.boxes(frame)
        sides = boxes[:, 2:] - boxes[:, :2]
        boxes = boxes[(sides >= 2).all(1)]
        area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        boxes = boxes[np.argsort(-area, kind="stable")[:most]]
        if not len(boxes):
            return FacesFound(np.zeros((0, 4)), np.zeros((0, 68, 2)), np.zeros(0, np.float32))
        middle, side = (boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5, (boxes[:, 2:] - boxes[:, :2]).max(1)
        answer = self._search.around(frame, np.column_stack([middle, side]))
        return FacesFound(boxes, answer.points, quality.judge(answer.measures)[0])
