import numpy as np
import pytest

from fer_exp.evaluation.clusters import people_interval
from fer_exp.evaluation.scores import score_test_sets
from fer_exp.evaluation.statistics import wilson


def faces_of(people, each, likeness, rng, accuracy=0.7):
    """Right or wrong on `each` faces of every person, whose own accuracies differ the more the more alike faces are."""
    scale = 1 / likeness - 1
    own = rng.beta(accuracy * scale, (1 - accuracy) * scale, people)
    who = np.repeat(np.arange(people), each)
    return rng.random(len(who)) < own[who], who.astype(str)


@pytest.mark.parametrize("likeness", [0.1, 0.3])
def test_in_simulations_intervals_over_people_hold_the_truth_and_those_over_faces_do_not(likeness):
    rng = np.random.default_rng(0)
    hits = np.zeros(2)
    for _ in range(400):
        correct, who = faces_of(40, 20, likeness, rng)
        for k, found in enumerate((people_interval(correct, who), wilson(int(correct.sum()), len(correct)))):
            hits[k] += found.low <= 0.7 <= found.high
    over_people, over_faces = hits / 400
    assert 0.93 <= over_people <= 0.97
    assert over_faces < 0.85


def test_people_of_one_face_each_have_wilsons_interval():
    correct = np.arange(50) % 3 > 0
    expected = wilson(int(correct.sum()), 50)
    assert people_interval(correct, np.arange(50).astype(str)) == expected
    assert people_interval(correct, np.full(50, "")) == expected  # not known: each a person of their own


def test_it_is_never_narrower_than_over_faces_nor_outside_0_to_1():
    rng = np.random.default_rng(1)
    for _ in range(50):
        correct, who = faces_of(int(rng.integers(2, 9)), 5, 0.2, rng, accuracy=0.9)
        found, over_faces = people_interval(correct, who), wilson(int(correct.sum()), len(correct))
        assert 0 <= found.low <= over_faces.low and over_faces.high <= found.high <= 1


def test_one_person_says_nothing_of_others_and_faces_all_right_count_once_a_person():
    right = np.ones(30, bool)
    assert people_interval(right, np.full(30, "S1")) == (0, 1)
    assert people_interval(right, np.repeat(["S1", "S2", "S3"], 10)).low < wilson(3, 3).low


def test_scores_are_over_people_where_they_are_known(three):
    found = three[0].predictions["best"]
    people = np.array([f"S{i // 6}" for i in range(len(found.ids))])
    scores, over_people = score_test_sets(found), score_test_sets(found._replace(groups=people))
    for name in scores:
        assert over_people[name].interval == people_interval(found.correct(name), people)
        assert over_people[name].accuracy == scores[name].accuracy
