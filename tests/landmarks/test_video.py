"""Faces of frames: boxes, landmarks, and which detector finds them."""

import os
from pathlib import Path

import numpy as np
import pytest

from fer_exp.errors import UserError
from fer_exp.landmarks import video
from fer_exp.landmarks.search import Answer
from fer_exp.landmarks.video import YuNet
from fer_exp.system.assets import YUNET


class Network:
    """Stands for cv2.FaceDetectorYN: finds these faces at these widths of its input."""

    def __init__(self, **found):
        self.found, self.asked = {int(width[1:]): boxes for width, boxes in found.items()}, []

    def setInputSize(self, size):
        self.size = size

    def detect(self, picture):
        assert picture.shape[1::-1] == self.size and not any(length % video.STRIDE for length in self.size)
        self.asked.append(self.size)
        boxes = self.found.get(self.size[0])
        return 1, None if boxes is None else np.array([[*box, *[0] * 10, 0.9] for box in boxes], np.float32)


@pytest.fixture
def yunet(monkeypatch):
    """yunet(w320=boxes) -> a detector whose network finds them."""

    def make(**found):
        detector = YuNet.__new__(YuNet)
        detector._network = Network(**found)
        return detector

    return make


def test_boxes_are_pixels_of_the_frame(yunet):
    detector = yunet(w320=[[10, 20, 30, 40]])
    frame = np.zeros((480, 640, 3), np.uint8)
    assert detector.boxes(frame) == pytest.approx(np.array([[20, 40, 80, 120]]))
    assert detector._network.asked == [(320, 256)]


def test_where_none_is_seen_it_looks_again_more_closely(yunet):
    detector = yunet(w640=[[10, 20, 30, 40]])
    assert detector.boxes(np.zeros((480, 640, 3), np.uint8)) == pytest.approx(np.array([[10, 20, 40, 60]]))
    assert detector._network.asked == [(320, 256), (640, 480)]
    assert yunet().boxes(np.zeros((90, 2000, 3), np.uint8)).shape == (0, 4)


class Search:
    """Finds an average face wherever it is told to look."""

    def around(self, picture, squares):
        return Answer(np.zeros((len(squares), 68, 2)) + squares[:, None, :2], np.full((len(squares), 4), 0.01))

    def seen(self, pictures):
        return [(np.array([[0, 0, 10, 10.0]]), np.array([0.9])) for _ in pictures]


@pytest.fixture
def finder(monkeypatch, yunet):
    monkeypatch.setattr(video, "Search", Search)
    monkeypatch.setattr(video, "YuNet", lambda: yunet(w320=[[1, 1, 20, 20], [100, 100, 60, 60], [5, 5, 0.2, 9]]))
    return video.FaceFinder()


def test_the_largest_faces_come_first_and_no_more_than_asked_for(finder):
    found = finder.find(np.zeros((320, 320, 3), np.uint8), most=16)
    assert found.boxes == pytest.approx(np.array([[100, 100, 160, 160], [1, 1, 21, 21]]))  # one is no face at all
    assert found.landmarks[:, 0] == pytest.approx(np.array([[129.5, 129.5], [10.5, 10.5]]))
    assert len(finder.find(np.zeros((320, 320, 3), np.uint8), most=1).boxes) == 1


def test_without_yunet_the_other_detector_takes_its_place_and_that_is_said(monkeypatch, caplog):
    def refuse():
        raise UserError("cannot fetch it")

    monkeypatch.setattr(video, "Search", Search)
    monkeypatch.setattr(video, "YuNet", refuse)
    finder = video.FaceFinder()
    assert finder.detector.name == "face-api" and "cannot fetch it" in caplog.text
    assert finder.find(np.zeros((50, 50, 3), np.uint8), 16).boxes.tolist() == [[0, 0, 10, 10]]


@pytest.mark.skipif(
    not list(Path(os.environ.get("FER_EXP_ASSETS", "/nowhere")).rglob(next(iter(YUNET.files)))),
    reason="FER_EXP_ASSETS names no folder with YuNet",
)
def test_the_published_networks_find_a_face_where_it_is():
    from fer_exp.config.dataset import SyntheticConfig
    from fer_exp.datasets.synthetic import load

    faces = load(SyntheticConfig(name="synthetic", n_train=80, n_test=16, size=200), size=200, workers=2)
    frame = np.full((480, 640, 3), 128, np.uint8)
    frame[200:400, 300:500] = faces.pixels[0]
    found = video.FaceFinder().find(frame, 16)
    assert len(found.boxes) == 1
    off = np.linalg.norm(found.landmarks[0] - (faces.landmarks[0] + (300, 200)), axis=1)
    assert np.median(off) < 12 and found.scores[0] > 0.5
