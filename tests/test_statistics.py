import numpy as np
import pytest

from fer_exp.statistics import spread, wilson


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
