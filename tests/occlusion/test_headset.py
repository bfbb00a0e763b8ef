import numpy as np
import pytest
from matplotlib.patches import Rectangle
from upright import BROWS, CHIN, EYES, MOUTH, NOSE_TIP, at, hidden

from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.landmarks.geometry import AVERAGE_FACE
from fer_exp.occlusion import headset

QUEST2 = HeadsetConfig(name="quest2", kind="headset")


def faces(left_jaw, right_jaw, left_eye, right_eye):
    """One face (1, 68, 2) with the four landmarks that the bar needs."""
    landmarks = np.zeros((1, 68, 2))
    landmarks[0, [0, 16, 36, 45]] = left_jaw, right_jaw, left_eye, right_eye
    return landmarks


def as_the_study_draws_it(landmarks):
    """Study A's bar: matplotlib's rectangle, turned about its centre by the angle of the eyes; (4, 2)."""
    width = np.hypot(*(landmarks[16] - landmarks[0]))
    height = width * 105 / 224
    centre = (landmarks[36] + landmarks[45]) / 2
    angle = np.degrees(np.arctan2(*(landmarks[45] - landmarks[36])[::-1]))
    corner = centre - [width / 2, height / 2]
    return Rectangle(corner, width, height, angle=angle, rotation_point="center").get_corners()


def test_upright_bar_is_as_wide_as_the_face_and_centred_on_the_eyes():
    landmarks = faces((20, 60), (244, 60), (80, 50), (180, 50))
    assert headset.polygons(landmarks, QUEST2)[0].tolist() == [[[18, -2.5], [242, -2.5], [242, 102.5], [18, 102.5]]]


def test_bar_of_a_face_on_its_side_is_exact():
    landmarks = faces((60, 20), (60, 244), (50, 80), (50, 180))
    assert headset.polygons(landmarks, QUEST2)[0].tolist() == [[[102.5, 18], [102.5, 242], [-2.5, 242], [-2.5, 18]]]


def test_bar_of_a_face_upside_down_is_exact():
    landmarks = faces((244, 60), (20, 60), (180, 50), (80, 50))
    assert headset.polygons(landmarks, QUEST2)[0].tolist() == [[[242, 102.5], [18, 102.5], [18, -2.5], [242, -2.5]]]


@pytest.mark.parametrize("size", [2.5, 40, 224, 1e5])
def test_bar_is_the_one_that_the_study_draws(size):
    rng = np.random.default_rng(0)
    landmarks = size * (rng.uniform(-1, 1, (50, 68, 2)) + rng.uniform(-2, 2, (50, 1, 2)))
    expected = np.stack([as_the_study_draws_it(face) for face in landmarks])
    np.testing.assert_allclose(headset.polygons(landmarks, QUEST2)[:, 0], expected, atol=1e-9 * size)


def test_width_comes_from_the_jaw_and_angle_from_the_eyes():
    # The jaw is tilted, the eyes are level: the bar is as wide as the tilted jaw line is long, but level.
    corners = headset.polygons(faces((0, 0), (30, 40), (10, 20), (20, 20)), QUEST2)[0, 0]
    assert corners[0].tolist() == [-10, 20 - 50 * 105 / 224 / 2]
    assert corners[1].tolist() == [40, 20 - 50 * 105 / 224 / 2]


@pytest.mark.parametrize(
    ("keys", "width", "height"),
    [({"width": 0.5}, 50, 23.4375), ({"aspect": 1.5}, 100, 150)],
)
def test_size_and_proportions_are_configurable(keys, width, height):
    cfg = HeadsetConfig(name="other", kind="headset", **keys)
    bar = headset.polygons(100 * AVERAGE_FACE[None], cfg)[0, 0]
    np.testing.assert_allclose(bar[2] - bar[0], [width, height])


def test_bar_has_double_precision_whatever_the_landmarks_have():
    landmarks = (48 * AVERAGE_FACE[None] + 24).astype(np.float16)
    corners = headset.polygons(landmarks, QUEST2)
    assert corners.dtype == np.float64
    np.testing.assert_array_equal(corners, headset.polygons(landmarks.astype(np.float64), QUEST2))


def test_an_occluder_hides_what_it_is_worn_on():
    mask = hidden("quest2")
    assert at(mask, [*EYES, *BROWS]).all()
    assert not at(mask, [*MOUTH, *NOSE_TIP, *CHIN]).any()
