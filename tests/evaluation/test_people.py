import numpy as np
import pytest

from fer_exp.evaluation.intervals import accuracy_interval
from fer_exp.evaluation.people import People
from fer_exp.evaluation.scores import score_test_sets
from fer_exp.evaluation.statistics import wilson


def faces_of(people, each, likeness, rng, accuracy=0.7):
    """Right or wrong on `each` faces of every person, whose own accuracies differ the more the more alike faces are."""
    scale = 1 / likeness - 1
    own = rng.beta(accuracy * scale, (1 - accuracy) * scale, people)
    who = np.repeat(np.arange(people), each)
    return rng.random(len(who)) < own[who], who.astype(str)


def test_each_persons_faces_are_added_up_whatever_their_order():
    people = People.of(np.array(["b", "a", "", "b", "", "b"]), 6)
    assert len(people.starts) == 4 and people.share_faces
    assert people.number == 36 / (9 + 1 + 1 + 1)  # as Kish 1965 counts people of unequal numbers of faces
    sums = people.sums(np.array([[1.0, 10, 100, 2, 1000, 4], [0, 0, 0, 0, 0, 6]]))
    assert sorted(sums[0] / (3 / 6)) == [7, 10, 100, 1000]
    assert sums[1].sum() == 3


def test_people_of_equal_numbers_of_faces_count_once_each():
    assert People.of(np.repeat(["a", "b", "c"], 5), 15).number == 3
    assert People.of(np.full(15, "a"), 15).number == 1


@pytest.mark.parametrize("groups", [None, np.full(50, ""), np.arange(50).astype(str)])
def test_where_each_face_is_a_person_nothing_is_added_up(groups):
    people, values = People.of(groups, 50), np.arange(50.0)
    assert people.number == 50 and not people.share_faces and people.sums(values) is values


@pytest.mark.parametrize("people, likeness", [(5, 0.1), (10, 0.3), (40, 0.1), (40, 0.3)])
def test_in_simulations_intervals_over_people_hold_the_truth_and_those_over_faces_do_not(people, likeness):
    rng = np.random.default_rng(0)
    hits = np.zeros(2)
    for _ in range(400):
        correct, who = faces_of(people, 20, likeness, rng)
        for k, found in enumerate((accuracy_interval(correct, who), wilson(int(correct.sum()), len(correct)))):
            hits[k] += found.low <= 0.7 <= found.high
    over_people, over_faces = hits / 400
    assert 0.93 <= over_people <= 0.97
    assert over_faces < 0.85


def test_people_of_one_face_each_have_wilsons_interval():
    correct = np.arange(50) % 3 > 0
    expected = wilson(int(correct.sum()), 50)
    for groups in (None, np.arange(50).astype(str), np.full(50, "")):  # not known: each a person of their own
        assert accuracy_interval(correct, groups) == expected


def test_one_person_says_nothing_of_others_and_faces_all_right_count_once_a_person():
    right = np.ones(30, bool)
    assert accuracy_interval(right, np.full(30, "S1")) == (0, 1)
    assert accuracy_interval(right, np.repeat(["S1", "S2", "S3"], 10)).low < wilson(3, 3).low


def test_scores_are_over_people_where_they_are_known(three):
    found = three[0].predictions["best"]
    people = np.array([f"S{i // 6}" for i in range(len(found.ids))])
    scores, over_people = score_test_sets(found), score_test_sets(found._replace(groups=people))
    for name in scores:
        assert over_people[name].interval == accuracy_interval(found.correct(name), people)
        assert over_people[name].interval != scores[name].interval
        assert over_people[name].accuracy == scores[name].accuracy
