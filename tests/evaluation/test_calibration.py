import numpy as np
import pytest

from fer_exp.evaluation.calibration import fit_temperature, scale
from fer_exp.evaluation.statistics import reliability


def honest(n=20_000, classes=5):
    """Labels drawn with the probabilities that are given."""
    draw = np.random.default_rng(0)
    probabilities = draw.dirichlet(np.full(classes, 0.5), n)
    labels = (draw.random((n, 1)) > probabilities.cumsum(1)).sum(1).clip(max=classes - 1)
    return probabilities, labels


@pytest.mark.parametrize("temperature", [0.5, 1, 2.5])
def test_the_temperature_of_a_network_that_is_too_sure_is_found_and_mends_its_confidence(temperature):
    probabilities, labels = honest()
    shown = scale(probabilities, 1 / temperature).astype(np.float32)
    assert fit_temperature(shown, labels) == pytest.approx(temperature, rel=0.05)
    mended = scale(shown, fit_temperature(shown, labels))
    assert reliability(mended, labels).error < 0.02
    if temperature != 1:
        assert reliability(shown, labels).error > 0.05


def test_no_answer_changes_and_rows_sum_to_one():
    probabilities, _ = honest(500)
    found = scale(probabilities, 3.7)
    assert (found.argmax(1) == probabilities.argmax(1)).all()
    assert found.sum(1) == pytest.approx(np.ones(500))


def test_certainty_stays_a_number():
    sure = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    assert np.isfinite(scale(sure, 0.05)).all()
    assert np.isfinite(fit_temperature(sure, np.array([0, 0])))
    with pytest.raises(ValueError, match="no faces"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, int))
