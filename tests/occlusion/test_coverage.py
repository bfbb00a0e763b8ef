import numpy as np
import pytest
from upright import SIZES, face, option

from fer_exp.occlusion.coverage import covered_share
from fer_exp.occlusion.placement import place_occluder


def test_covered_share_counts_the_hull_of_the_landmarks():
    square = np.tile([[0.0, 0], [40, 0], [40, 40], [0, 40]], (17, 1))[None]  # 68 points on the corners of a square
    square[0, [0, 16, 36, 45]] = [[0, 20], [40, 20], [10, 20], [30, 20]]
    boxes = lambda *pieces: np.array([[[(a, 0), (b, 0), (b, 99), (a, 99)] for a, b in pieces]], float)  # noqa: E731
    assert covered_share(square, boxes((-9, 10)))[0] == pytest.approx(0.25, abs=0.02)
    assert covered_share(square, boxes((-9, 10), (5, 20)))[0] == pytest.approx(0.5, abs=0.02)  # counted once
    assert covered_share(square, boxes((-9, 99)))[0] == 1
    assert covered_share(square, boxes((50, 99)))[0] == 0
    assert np.isnan(covered_share(np.full((1, 68, 2), np.nan), boxes((0, 1)))[0])
    assert covered_share(np.zeros((0, 68, 2)), np.zeros((0, 1, 4, 2))).shape == (0,)


def test_a_larger_occluder_hides_more():
    landmarks = face(10)
    shares = []
    for scale in (0.25, 0.5, 1, 1.5):
        cfg = option("quest2")
        cfg.scale = scale
        shares.append(covered_share(landmarks, place_occluder(landmarks, SIZES, cfg).polygons)[0])
    assert np.all(np.diff(shares) > 0.02)
    assert 0.3 < shares[2] < 0.6
