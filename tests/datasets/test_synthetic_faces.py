"""One face: what its landmarks and action units promise."""

from dataclasses import replace

import numpy as np
import pytest

from fer_exp.datasets.synthetic import actions
from fer_exp.datasets.synthetic.actions import ACTION_UNITS, EXPRESSIONS, Actions
from fer_exp.datasets.synthetic.classes import CLASSES
from fer_exp.datasets.synthetic.face import Look, draw

SIZE = 64
LOOK = Look(seed=0, size=SIZE, intensity=1.3, spread=0.25, idle=0.08, blend=0.1, pose=0.5, corruption=1.0)
PLAIN = replace(LOOK, spread=0.0, idle=0.0, blend=0.0, pose=0.0, corruption=0.0)  # the class's action units alone
PEOPLE = range(24)


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


def test_faces_are_the_same_in_any_order():
    forwards = [draw(LOOK, "train", i, CLASSES[i]).pixels for i in range(8)]
    backwards = [draw(LOOK, "train", i, CLASSES[i]).pixels for i in reversed(range(8))]
    assert all(np.array_equal(a, b) for a, b in zip(forwards, reversed(backwards), strict=True))


def test_seed_part_and_index_each_make_another_face():
    pictures = [
        draw(replace(LOOK, seed=seed), part, index, "neutral").pixels.tobytes()
        for seed in (0, 1)
        for part in ("train", "test")
        for index in (0, 1)
    ]
    assert len(set(pictures)) == 8


@pytest.mark.parametrize("size", [24, 64, 100, 224])
def test_landmarks_grow_with_the_picture(size):
    small = draw(replace(LOOK, size=192), "train", 5, "surprise").landmarks
    face = draw(replace(LOOK, size=size), "train", 5, "surprise")
    assert face.pixels.shape == (size, size, 3)
    np.testing.assert_allclose((face.landmarks + 0.5) / size, (small + 0.5) / 192, atol=1e-3)


def test_landmarks_lie_where_the_picture_has_them():
    """Pupils are darker than what surrounds them."""
    for i in PEOPLE:
        face = draw(replace(PLAIN, size=192), "train", i, "neutral")
        grey = face.pixels.mean(axis=2)
        for eye in (slice(36, 42), slice(42, 48)):
            x, y = face.landmarks[eye].mean(axis=0).round().astype(int)
            assert grey[y - 3 : y + 4, x - 3 : x + 4].min() < 60


def test_landmarks_make_a_face():
    for i in range(40):
        points = draw(LOOK, "train", i, CLASSES[i % 8]).landmarks
        assert points.shape == (68, 2) and points.dtype == np.float32
        assert (points > -0.2 * SIZE).all() and (points < 1.2 * SIZE).all()
        jaw, eyes = np.linalg.norm(points[0] - points[16]), np.linalg.norm(points[36] - points[45])
        assert 0.5 * SIZE < jaw < 0.9 * SIZE and 0.4 * jaw < eyes < 0.8 * jaw
        assert points[36, 0] < points[39, 0] < points[42, 0] < points[45, 0]
        assert points[[36, 45], 1].mean() < points[33, 1] < points[51, 1] < points[57, 1] < points[8, 1]


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


def test_contempt_is_on_one_side_of_the_mouth():
    for i in PEOPLE:
        shown = draw(PLAIN, "train", i, "contempt").actions
        assert min(shown.left[14], shown.right[14]) < 0.5 * max(shown.left[14], shown.right[14])
    for i in PEOPLE:
        shown = draw(PLAIN, "train", i, "happiness").actions
        assert min(shown.left[12], shown.right[12]) > 0.5 * max(shown.left[12], shown.right[12])


def test_a_neutral_face_shows_no_action_unit():
    assert not any(draw(PLAIN, "train", 0, "neutral").actions.mean.values())


@pytest.mark.parametrize("expression", CLASSES)
def test_action_units_are_shown_as_often_as_the_table_says(expression):
    rng = np.random.default_rng(0)
    faces = [actions.sample(rng, expression, intensity=1, spread=0, idle=0, blend=0) for _ in range(1500)]
    for code in set(ACTION_UNITS) - {24, 25, 26, 27}:  # those depend on each other
        expected = EXPRESSIONS[expression].get(code, (0, 0))[0]
        assert abs(np.mean([face.mean[code] > 0 for face in faces]) - expected) < 0.05, code


@pytest.mark.parametrize("expression", CLASSES)
def test_lips_are_never_parted_and_pressed_at_once(expression):
    rng = np.random.default_rng(0)
    for _ in range(300):
        shown = actions.sample(rng, expression, intensity=1.3, spread=0.25, idle=0.08, blend=0.1)
        assert shown.mean[24] == 0 or shown.mean[25] == shown.mean[26] == shown.mean[27] == 0
        assert all(0 <= value <= actions.STRONGEST for value in (*shown.left.values(), *shown.right.values()))


def test_more_intensity_shows_more():
    def strength(intensity):
        rng = np.random.default_rng(0)
        sample = actions.sample(rng, "anger", intensity=intensity, spread=0, idle=0, blend=0)
        return sum(sample.mean.values())

    assert 0 == strength(0.0) < strength(0.5) < strength(1.0)


def test_every_action_unit_changes_the_picture(monkeypatch):
    def picture(code):
        values = np.zeros((len(ACTION_UNITS), 2))
        if code is not None:
            values[list(ACTION_UNITS).index(code)] = 1
        monkeypatch.setattr(actions, "sample", lambda *_, **__: Actions.of(values))
        return draw(PLAIN, "train", 0, "neutral").pixels

    resting = picture(None)
    assert [code for code in ACTION_UNITS if np.array_equal(picture(code), resting)] == []


def test_degradation_changes_pixels_and_no_landmark():
    clean, faulty = (draw(replace(LOOK, corruption=corruption), "train", 0, "neutral") for corruption in (0.0, 3.0))
    assert np.array_equal(clean.landmarks, faulty.landmarks)
    assert np.abs(clean.pixels.astype(int) - faulty.pixels).mean() > 2
