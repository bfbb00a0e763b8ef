import numpy as np
import pytest

from fer_exp.evaluation.statistics import (
    difference,
    hierarchical,
    holm,
    mcnemar,
    percentiles,
    reliability,
    spread,
    wilson,
)


@pytest.mark.parametrize("correct, n", [(0, 10), (10, 10), (81, 263), (2356, 3999)])
def test_wilson_is_the_closed_form_of_newcombe_1998(correct, n):
    z, p = 1.959963984540054, correct / n
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    found = wilson(correct, n)
    assert found == pytest.approx(((centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)), abs=1e-9)


def test_wilson_of_newcombes_worked_example():
    # Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_four_thousand_faces_leave_about_one_and_a_half_points():
    low, high = wilson(2356, 3999)
    assert (high - low) / 2 == pytest.approx(0.0152, abs=2e-4)


def test_spread_of_repeats():
    assert spread([0.5, 0.6, 0.7]) == pytest.approx((0.6, 0.1, 3))


def test_one_run_has_no_spread():
    found = spread([0.5])
    assert found.mean == 0.5
    assert np.isnan(found.deviation)


def predictions_of(seeds, n, deviation, rng):
    """Right or wrong, (seeds, n): faces of different difficulty, seeds of different luck, and chance."""
    skill = 0.3 + rng.normal(0, 1.5, n)[None] + (rng.normal(0, deviation, seeds)[:, None] if deviation else 0)
    return rng.random((seeds, n)) < 1 / (1 + np.exp(-skill))


def expected_accuracy(deviation):
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    skill = 0.3 + np.hypot(1.5, deviation) * points
    return (weights / (1 + np.exp(-skill))).sum() / weights.sum()


@pytest.mark.parametrize(
    "seeds, n, deviation", [(1, 400, 0.0), (2, 400, 0.1), (3, 800, 0.05), (3, 1500, 0.05), (5, 400, 0.2)]
)
def test_intervals_over_faces_and_seeds_cover_the_truth_as_often_as_they_say(seeds, n, deviation):
    rng = np.random.default_rng(2)
    truth, draws = expected_accuracy(deviation), 1000
    hits = 0
    for i in range(draws):
        low, high = percentiles(hierarchical(predictions_of(seeds, n, deviation, rng), i, 800))
        hits += low <= truth <= high
    assert 0.93 <= hits / draws <= 0.97


def test_one_seed_is_the_plain_bootstrap_over_faces():
    correct = np.random.default_rng(0).random((1, 500)) < 0.6
    from scipy import stats

    theirs = stats.bootstrap((correct[0],), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    ours = percentiles(hierarchical(correct, 0, 4000))
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.004)


def test_equal_seeds_add_nothing_to_the_chance_of_faces():
    one = np.random.default_rng(0).random((1, 400)) < 0.6
    alone, thrice = percentiles(hierarchical(one, 0)), percentiles(hierarchical(np.repeat(one, 3, 0), 0))
    assert thrice == pytest.approx(alone, abs=1e-3)


def test_mcnemar_is_the_binomial_test_of_the_faces_on_which_two_differ():
    from scipy import stats

    rng = np.random.default_rng(0)
    a, b = rng.random(300) < 0.7, rng.random(300) < 0.6
    only_a, only_b = (a & ~b).sum(), (~a & b).sum()
    assert mcnemar(a, b) == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue)
    assert mcnemar(a, a) == 1


def test_a_difference_on_the_same_faces_is_paired():
    rng = np.random.default_rng(0)
    hard = rng.random(500) < 0.5
    a, b = hard[None] | (rng.random((1, 500)) < 0.05), hard[None]
    for paired in (True, False):
        found = difference(a, b, paired)
        assert found.value == pytest.approx(a.mean() - b.mean())
        # unpaired by face, both vary by 0.022 each; paired, only the few faces that differ count
        assert found.interval.high - found.interval.low < 0.04
        assert found.interval.low > 0
        assert found.p == mcnemar(a[0], b[0])
        back = difference(b, a, paired).interval
        assert (-back.high, -back.low) == pytest.approx(found.interval, abs=2e-3)


def networks(seeds, faces, deviation, rng):
    """Right or wrong of networks that agree on most faces, (seeds, faces)."""
    each = rng.normal(0, 0.3, (seeds, len(faces))) + rng.normal(0, deviation, (seeds, 1))
    return faces[None] + each > 0


@pytest.mark.parametrize("seeds, paired", [(2, True), (2, False), (3, True), (3, False), (5, True)])
def test_equal_trainings_are_told_apart_no_more_often_than_said(seeds, paired):
    rng, tries = np.random.default_rng(4), 300
    p = []
    for i in range(tries):
        faces = rng.normal(0.2, 1, 1500)
        a, b = (networks(seeds, faces, 0.04, rng) for _ in range(2))
        p.append(difference(a, b, paired, seed=i, draws=800).p)
    assert np.mean(np.array(p) < 0.05) < 0.07


def test_clear_differences_over_seeds_are_found():
    rng = np.random.default_rng(4)
    faces = rng.normal(0.2, 1, 1500)
    better, worse = networks(3, faces + 0.3, 0.02, rng), networks(3, faces, 0.02, rng)
    for paired in (True, False):
        found = difference(better, worse, paired)
        assert found.p < 0.01
        assert found.interval.low < better.mean() - worse.mean() < found.interval.high


def test_what_belongs_together_has_the_same_faces_and_rows():
    with pytest.raises(ValueError, match="cannot be paired"):
        difference(np.ones((1, 3), bool), np.ones((1, 4), bool), paired=False)
    with pytest.raises(ValueError, match="cannot be paired"):
        difference(np.ones((1, 3), bool), np.ones((2, 3), bool), paired=True)


def test_holms_correction_is_his_worked_rule():
    # smallest times 4, next times 3, ..., never below the one before (Holm 1979)
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([])).shape == (0,)


def test_calibration_error_is_the_mean_distance_of_confidence_and_accuracy():
    # two bins: confidence 0.9 with 1 of 2 right, 0.6 with 2 of 2 right
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    found = reliability(probabilities, np.array([0, 1, 0, 1]), bins=10)
    assert found.counts.tolist() == [2, 2]
    assert found.confidence == pytest.approx([0.6, 0.9])
    assert found.accuracy == pytest.approx([1, 0.5])
    assert found.error == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)


def test_reliability_agrees_with_scikit_learn():
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(5), 2000)
    labels = rng.integers(0, 5, 2000)
    found = reliability(probabilities, labels, bins=15)
    right = probabilities.argmax(1) == labels
    accuracy, confidence = calibration_curve(right, probabilities.max(1), n_bins=15)
    assert found.accuracy == pytest.approx(accuracy)
    assert found.confidence == pytest.approx(confidence)
