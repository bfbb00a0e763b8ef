import numpy as np
from predicted import LABELS, RIGHT, WRONG, answers

from fer_exp.evaluation import routing
from fer_exp.evaluation.scores import score_test_sets

SHARP, BLIND = answers(RIGHT, WRONG), answers(WRONG, RIGHT)  # uncovered faces alone, covered ones alone


def test_each_form_is_answered_by_its_own_network():
    routed = routing.route(SHARP, BLIND, routing.known(len(LABELS)))
    assert {name: scores.accuracy for name, scores in score_test_sets(routed).items()} == {
        "normal": 1,
        "occluded": 1,
        "mixed": 1,
    }
    np.testing.assert_array_equal(routed.probabilities["normal"], SHARP.probabilities["normal"])
    np.testing.assert_array_equal(routed.probabilities["occluded"], BLIND.probabilities["occluded"])
    assert routed.ids is SHARP.ids


def test_what_a_detector_mistakes_is_answered_by_the_wrong_one_and_counted():
    taken = routing.known(len(LABELS))
    taken["normal"][:1], taken["occluded"][:2] = True, False
    routed = routing.route(SHARP, BLIND, taken)
    assert routed.correct("normal").tolist() == [False] + [True] * 7
    assert routed.correct("occluded").tolist() == [False] * 2 + [True] * 6
    assert routing.error_rates(taken) == {"normal": 1 / 8, "occluded": 2 / 8}
    assert routing.error_rates(routing.known(8)) == {"normal": 0, "occluded": 0}


def test_several_networks_answer_by_the_mean_of_their_probabilities():
    mean = routing.mean_of([SHARP, BLIND, BLIND])
    expected = (SHARP.probabilities["normal"] + 2 * BLIND.probabilities["normal"]) / 3
    np.testing.assert_allclose(mean.probabilities["normal"], expected, rtol=1e-6)
    np.testing.assert_array_equal(routing.mean_of([SHARP]).probabilities["occluded"], SHARP.probabilities["occluded"])


def test_a_detector_learns_what_shifts_features_whatever_their_scale():
    rng = np.random.default_rng(0)
    covered = np.repeat([False, True], 50)
    features = rng.normal(size=(100, 4)) * [1, 1e-3, 1e3, 0] + covered[:, None] * [0, 5e-3, 0, 0]
    detector = routing.learn_detector(features, covered)
    assert detector.predict(features).dtype == bool
    assert (detector.predict(features) == covered).mean() > 0.95
