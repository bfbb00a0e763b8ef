import numpy as np
import pytest

from fer_exp.evaluation.statistics import holm, mcnemar, reliability, spread, wilson


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


def test_mcnemar_is_the_binomial_test_of_the_faces_on_which_two_differ():
    from scipy import stats

    rng = np.random.default_rng(0)
    a, b = rng.random(300) < 0.7, rng.random(300) < 0.6
    only_a, only_b = (a & ~b).sum(), (~a & b).sum()
    assert mcnemar(a, b) == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue)
    assert mcnemar(a, a) == 1


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
