"""Where the landmarks go that a face's action units promise to move."""

import numpy as np
import pytest
from drawn import PEOPLE, PLAIN

from fer_exp.datasets.synthetic.classes import CLASSES
from fer_exp.datasets.synthetic.face import draw


def mean_landmarks(expression):
    """(68, 2), the same people for every expression, in face widths."""
    points = np.mean([draw(PLAIN, "train", i, expression).landmarks for i in PEOPLE], axis=0)
    return points / np.linalg.norm(points[0] - points[16])


@pytest.fixture(scope="module")
def moved():
    """{expression: (68, 2) displacement from the same people's neutral face}."""
    means = {expression: mean_landmarks(expression) for expression in CLASSES}
    return {expression: points - means["neutral"] for expression, points in means.items()}


def opening(moved, top, bottom):
    """By how much the points `top` and `bottom` have moved apart."""
    return moved[bottom, 1].mean() - moved[top, 1].mean()


EYES = [37, 38, 43, 44], [40, 41, 46, 47]
LIPS = [61, 62, 63], [65, 66, 67]
CORNERS, INNER_BROWS, OUTER_BROWS, NOSE = [48, 54], [21, 22], [18, 25], [31, 32, 33, 34, 35]


def test_happiness_lifts_and_widens_the_mouths_corners(moved):
    assert moved["happiness"][CORNERS, 1].max() < -0.02
    assert moved["happiness"][54, 0] - moved["happiness"][48, 0] > 0.05


def test_sadness_lowers_the_mouths_corners(moved):
    assert moved["sadness"][CORNERS, 1].min() > 0.02


def test_sadness_raises_the_inner_brows_more_than_the_outer(moved):
    assert moved["sadness"][INNER_BROWS, 1].mean() < moved["sadness"][OUTER_BROWS, 1].mean() - 0.005


def test_surprise_opens_mouth_and_eyes_and_raises_the_brows(moved):
    assert opening(moved["surprise"], *LIPS) > 0.05
    assert opening(moved["surprise"], *EYES) > 0.01
    assert moved["surprise"][INNER_BROWS + OUTER_BROWS, 1].max() < -0.03
    assert moved["surprise"][8, 1] > 0.02


def test_fear_widens_the_eyes_and_stretches_the_lips(moved):
    assert opening(moved["fear"], *EYES) > 0.01
    assert moved["fear"][54, 0] - moved["fear"][48, 0] > 0.05
    assert opening(moved["surprise"], *LIPS) > opening(moved["fear"], *LIPS)


def test_disgust_wrinkles_the_nose_and_narrows_the_eyes(moved):
    assert moved["disgust"][NOSE, 1].max() < -0.01
    assert opening(moved["disgust"], *EYES) < -0.005
    assert moved["disgust"][[50, 52], 1].max() < -0.01


def test_anger_lowers_the_brows_and_thins_the_lips(moved):
    assert moved["anger"][INNER_BROWS, 1].min() > 0.02
    assert opening(moved["anger"], *EYES) < -0.005
    assert opening(moved["anger"], [51], [62]) < -0.005
