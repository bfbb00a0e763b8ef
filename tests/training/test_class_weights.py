import numpy as np
import pytest

from fer_exp.config.training import ClassWeights
from fer_exp.training.class_weights import class_weights

COUNTS = np.array([100, 25, 0, 4])


def test_inverse_weights_sum_to_one_as_in_study_a():
    found = class_weights(ClassWeights.inverse, COUNTS)
    assert sum(found.values()) == pytest.approx(1)
    assert found[3] / found[0] == pytest.approx(25)


@pytest.mark.parametrize("kind, ratio", [(ClassWeights.balanced, 25), (ClassWeights.sqrt, 5)])
def test_balanced_and_sqrt_weights_leave_the_mean_loss_at_its_scale(kind, ratio):
    found = class_weights(kind, COUNTS)
    assert found[3] / found[0] == pytest.approx(ratio)
    assert sum(found[c] * COUNTS[c] for c in found) / COUNTS.sum() == pytest.approx(1)
    assert 2 not in found


def test_no_weights():
    assert class_weights(ClassWeights.none, COUNTS) is None
