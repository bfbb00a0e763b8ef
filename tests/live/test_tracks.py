import numpy as np
import pytest

from fer_exp.live.tracks import FORGOTTEN, Tracker

LEFT, RIGHT = [0.0, 0, 10, 10], [50.0, 0, 60, 10]


def follow(tracker, boxes, seconds, *answers):
    answers = answers or [np.tile([1.0, 0.0], (len(boxes), 1))]
    return tracker.follow(np.array(boxes, float).reshape(-1, 4), list(answers), seconds)


def test_a_face_keeps_its_number_while_it_moves_whatever_the_order():
    tracker = Tracker(0.5)
    assert follow(tracker, [LEFT, RIGHT], 0.0)[0] == [0, 1]
    assert follow(tracker, [[52, 1, 62, 11], [2, 0, 12, 10]], 0.1)[0] == [1, 0]
    assert follow(tracker, [[4, 0, 14, 10]], 0.2)[0] == [0]
    assert follow(tracker, [[52, 1, 62, 11]], 0.3)[0] == [1]  # not seen for a moment


def test_one_that_was_gone_for_long_and_one_that_jumps_are_others():
    tracker = Tracker(0.5)
    follow(tracker, [LEFT], 0.0)
    assert follow(tracker, [RIGHT], 0.1)[0] == [1]
    assert follow(tracker, [LEFT], 0.1 + FORGOTTEN)[0] == [2]


def test_of_two_that_want_the_same_face_the_nearer_gets_it():
    tracker = Tracker(0.5)
    follow(tracker, [LEFT], 0.0)
    assert follow(tracker, [[4, 0, 14, 10], [1, 0, 11, 10]], 0.1)[0] == [1, 0]


def test_answers_are_averaged_over_the_seconds_asked_for_and_not_over_faces():
    tracker = Tracker(0.5)
    one, other = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    follow(tracker, [LEFT], 0.0, one)
    _, [[averaged]] = follow(tracker, [LEFT], 0.5, other)
    assert averaged == pytest.approx([np.exp(-1), 1 - np.exp(-1)])
    _, [_, [fresh]] = follow(tracker, [LEFT, RIGHT], 0.6, np.concatenate([other, other]))
    assert fresh.tolist() == [0.0, 1.0]


def test_without_smoothing_and_after_forgetting_the_last_answer_counts_alone():
    one, other = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    for tracker, forget in ((Tracker(0.0), False), (Tracker(60.0), True)):
        follow(tracker, [LEFT], 0.0, one)
        if forget:
            tracker.forget_answers()
        numbers, [[averaged]] = follow(tracker, [LEFT], 0.0, other)
        assert numbers == [0] and averaged.tolist() == [0.0, 1.0]


def test_each_network_has_answers_of_its_own_and_no_face_has_none():
    tracker = Tracker(0.5)
    _, [[a, b]] = follow(tracker, [LEFT], 0.0, np.array([[1.0, 0.0]]), np.array([[0.2, 0.3, 0.5]]))
    assert len(a) == 2 and len(b) == 3
    assert follow(tracker, [], 0.1, np.zeros((0, 2)), np.zeros((0, 3))) == ([], [])
