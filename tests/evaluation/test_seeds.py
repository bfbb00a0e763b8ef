import numpy as np
import pytest
from scipy import stats

from fer_exp.evaluation.seeds import BetweenSeeds

CELL = {"t": 1.0}


def between(rows):
    """Variances of rows of accuracies, each of the seeds 0, 1, ..."""
    by_seed = {(row, "t"): np.array(values) for row, values in rows.items()}
    return BetweenSeeds(by_seed, {row: [str(seed) for seed in range(len(v))] for row, v in rows.items()})


def drawn(deviations, seeds, rng=0):
    """Accuracies of rows whose seeds have exactly these standard deviations."""
    rng = np.random.default_rng(rng)
    found = {}
    for row, deviation in zip("abcd", deviations, strict=False):
        values = rng.standard_normal(seeds)
        found[row] = 0.6 + deviation * (values - values.mean()) / values.std(ddof=1)
    return found


@pytest.mark.parametrize("deviations", [(0.02, 0.005, 0.005), (0.012, 0.009, 0.01), (0.02, 0.008)])
@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_rows_vary_alike_where_bartletts_test_does_not_tell_them_apart(deviations, seeds):
    rows = drawn(deviations, seeds)
    assert between(rows).alike(CELL) == (stats.bartlett(*rows.values()).pvalue >= 0.1)


def test_with_five_seeds_rows_that_vary_unlike_have_a_variance_of_their_own():
    rows = drawn((0.02, 0.005, 0.005), 5)
    found = between(rows)
    assert not found.alike(CELL)
    for row, deviation in zip("abc", (0.02, 0.005, 0.005), strict=True):
        assert found.variance({row: CELL}, True) == pytest.approx((deviation**2 / 5, 4))
    pair = found.variance({"a": {"t": 1.0}, "b": {"t": -1.0}}, True)
    assert pair == pytest.approx(((rows["a"] - rows["b"]).var(ddof=1) / 5, 4))
    apart = found.variance({"a": {"t": 1.0}, "b": {"t": -1.0}}, False)  # as Welch 1947
    assert apart.value == pytest.approx((0.02**2 + 0.005**2) / 5) and 4 < apart.freedom < 5


def test_rows_that_vary_alike_and_rows_of_few_seeds_share_one_variance():
    for rows in (drawn((0.012, 0.009, 0.01), 5), drawn((0.02, 0.001, 0.001), 4)):
        found = between(rows)
        values = [found.variance({row: CELL}, True) for row in rows]
        assert values[0] == values[1] == values[2]
        assert values[0].value == pytest.approx(np.mean([v.var(ddof=1) for v in rows.values()]) / len(rows["a"]))


def test_a_row_of_one_seed_and_seeds_that_agree_leave_nothing_to_compare():
    alone = between({"a": np.array([0.5]), **{"b": drawn((0.02,), 6)["a"]}})
    assert alone.alike(CELL) and alone.variance({"a": CELL}, True).value == pytest.approx(0.02**2)
    assert between({"a": np.full(6, 0.5), **{"b": drawn((0.02,), 6)["a"]}}).alike(CELL)


def test_deviations_are_those_of_rows_with_several_seeds():
    assert between({"a": np.array([0.5]), "b": np.array([0.5, 0.6])}).deviations(CELL) == pytest.approx(
        {"b": 0.1 / np.sqrt(2)}
    )
