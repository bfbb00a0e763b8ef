"""Frames with faces on them, what finds these, and networks that need no training."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np

from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.landmarks.geometry import AVERAGE_FACE
from fer_exp.landmarks.video import FacesFound
from fer_exp.live.crop import Crop
from fer_exp.live.networks import Network
from fer_exp.live.sources import Frame, Source

BAR = HeadsetConfig(name="quest2", kind="headset")
CLASSES = ("dark", "bright")


def landmarks_in(box):
    """(68, 2) pixels, whose centres are at whole numbers, of an average face in a box, whose edges are not."""
    left, top, right, bottom = box
    return AVERAGE_FACE * (right - left) * 0.8 + ((left + right) / 2 - 0.5, top + 0.4 * (bottom - top) - 0.5)


class Finder:
    """Finds faces in these boxes of every frame, or as many frames have none as `after` says."""

    def __init__(self, *boxes, after=0, score=1.0):
        self.boxes, self.after, self.score, self.frames = np.array(boxes, float).reshape(-1, 4), after, score, 0

    def find(self, frame, most):
        self.frames += 1
        boxes = self.boxes[: most if self.frames > self.after else 0]
        points = np.array([landmarks_in(box) for box in boxes]).reshape(-1, 68, 2)
        return FacesFound(boxes, points, np.full(len(boxes), self.score, np.float32))


def brightness(pictures):
    """(b, 2) probabilities: how dark, how bright."""
    bright = np.asarray(pictures, np.float32).mean((1, 2, 3)) / 255
    return np.stack([1 - bright, bright], 1)


def network(title="run", model=brightness, **changes):
    """A network whose model is a function."""
    asked = SimpleNamespace(predict_on_batch=model)
    plain = {"classes": CLASSES, "size": 16, "channels": 3, "crop": Crop(), "occlusion": BAR}
    return Network(title=title, name="net", model=asked, **plain | changes)


def frame_of(value=200, width=64, height=48):
    """(height, width, 3) uint8, all of one grey."""
    return np.full((height, width, 3), value, np.uint8)


def film(count=3, live=False, rate=10.0, pictures=None, length=None):
    """A source of that many frames, or of these pictures; of a camera none is late."""
    pictures = [frame_of()] * count if pictures is None else pictures
    frames = (Frame(i, i / rate, picture) for i, picture in enumerate(pictures))
    return Source("film", frames, live, length, rate)


def write_video(path, count=6, width=64, height=48, rate=10, codec="MJPG"):
    """Write a video whose frames become brighter by 40 each."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, (width, height))
    for index in range(count):
        writer.write(frame_of(min(40 * index, 255), width, height))
    writer.release()
    return path


def read_video(path):
    """Return the frames of a video."""
    video = cv2.VideoCapture(str(path))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1])
    return frames
