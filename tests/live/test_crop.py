import numpy as np
import pytest
from filmed import Finder, landmarks_in

from fer_exp.live import crop

PICTURES = [np.zeros((48, 48, 3), np.uint8)] * crop.FEWEST


def test_a_face_in_a_frame_is_cut_out_as_the_pictures_that_were_measured_are():
    for height, width in ((48, 48), (60, 40), (200, 400)):
        scale = crop.SIDE / min(height, width)
        shown = np.array([width, height]) * scale
        left, top = (crop.FRAME - shown) // 2
        box = [left + 0.2 * shown[0], top + 0.1 * shown[1], left + 0.7 * shown[0], top + 0.8 * shown[1]]
        pictures = [np.zeros((height, width, 3), np.uint8)] * crop.FEWEST
        found = crop.measure(pictures, Finder(box))
        [(x, y, wide)] = found.squares(landmarks_in(box)[None])
        assert (x + 0.5, y + 0.5) == pytest.approx((left + shown[0] / 2, top + shown[1] / 2), abs=0.1)
        assert (wide, wide * found.aspect) == pytest.approx(shown, abs=0.2)


def test_a_larger_face_is_cut_out_larger_around_the_same_point_of_it():
    small, large = [100, 100, 150, 150], [300, 200, 400, 300]
    squares = crop.Crop(0.5, 0.4, 0.6).squares(np.stack([landmarks_in(small), landmarks_in(large)]))
    assert squares[1, 2] == pytest.approx(2 * squares[0, 2])
    assert squares[1, :2] - (349.5, 239.5) == pytest.approx(2 * (squares[0, :2] - (124.5, 119.5)))


def test_hardly_a_face_is_nothing_to_measure():
    box = [100, 100, 200, 200]
    assert crop.measure(PICTURES, Finder(box)) is not None
    assert crop.measure(PICTURES[1:], Finder(box)) is None
    assert crop.measure(PICTURES, Finder()) is None
    assert crop.measure(PICTURES, Finder(box, score=0.2)) is None
    long = [np.zeros((20, 90, 3), np.uint8)] * crop.FEWEST
    assert crop.measure(long, Finder(box)) is None
