import numpy as np
import pytest
from drawn import PEOPLE, PLAIN

from fer_exp.datasets.synthetic import actions
from fer_exp.datasets.synthetic.actions import ACTION_UNITS, EXPRESSIONS
from fer_exp.datasets.synthetic.classes import CLASSES
from fer_exp.datasets.synthetic.face import draw


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
