import numpy as np
import pytest
from predicted import predictions

from fer_exp.errors import UserError
from fer_exp.evaluation import power
from fer_exp.evaluation.intervals import CrossedMeans
from fer_exp.evaluation.results import load
from fer_exp.tracking import sweep_runs

ROWS, FACES = ("a", "b", "c"), 500


def matrix(seeds, gain, deviation, rng):
    """Right or wrong of three trainings on the same faces; the first one finds them easier by `gain`."""
    difficulty = rng.normal(0.3, 1, FACES)
    found = {}
    for row in ROWS:
        skill = rng.normal(gain * (row == "a"), deviation, (seeds, 1)) + rng.normal(0, 0.4, (seeds, FACES))
        found[row, "normal"] = difficulty + skill > 0
    return CrossedMeans(found, {row: [str(seed) for seed in range(seeds)] for row in ROWS})


@pytest.mark.parametrize(("seeds", "gain", "deviation"), [(3, 0.3, 0.05), (5, 0.2, 0.08), (2, 0.6, 0.05)])
def test_the_power_that_is_planned_is_the_rate_that_is_found(seeds, gain, deviation):
    rng = np.random.default_rng(0)
    alpha, tries = 0.05 / 9, 250
    shown, gains, variances = [], [], []
    for _ in range(tries):
        means = matrix(seeds, gain, deviation, rng)
        estimate = means.estimate({("a", "normal"): 1.0, ("b", "normal"): -1.0})
        shown.append(estimate.p < alpha)
        gains.append(estimate.value)
        variances.append(power.find_variances(means, "normal"))
    of = power.Variances(*(np.mean([v[k] for v in variances]) for k in (0, 1)), FACES, len(ROWS))
    planned = power.power(of, float(np.mean(gains)), seeds, FACES, alpha)
    assert 0.05 < np.mean(shown) < 0.97
    assert planned == pytest.approx(np.mean(shown), abs=0.1)


def test_copies_of_faces_of_which_it_is_known_add_no_power():
    rng = np.random.default_rng(0)
    seeds = {row: ["0", "1", "2"] for row in ROWS}
    once = {(row, "normal"): rng.random((3, 60)) < 0.7 for row in ROWS}
    again = {cell: np.repeat(v, 5, axis=1) for cell, v in once.items()}
    known = CrossedMeans(again, seeds, np.repeat(np.arange(60).astype(str), 5))
    plain, copied = power.find_variances(CrossedMeans(once, seeds), "normal"), power.find_variances(known, "normal")
    assert copied == pytest.approx(plain, rel=1e-4)


def test_more_seeds_more_faces_and_larger_differences_show_more():
    of = power.Variances(0.02**2, 0.3, 1000, 3)
    rate = lambda difference=0.03, seeds=5, faces=1000: power.power(of, difference, seeds, faces, 0.005)  # noqa: E731
    assert rate() < rate(seeds=8) and rate() < rate(faces=4000) and rate() < rate(difference=0.05)
    assert rate(difference=0) == pytest.approx(0.005, abs=0.005)
    assert rate(difference=0.5) > 0.999


@pytest.fixture
def two_trainings(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.90 + 0.01 * seed, 0.3, seed))
        add("mixed", seed, predictions(0.80, 0.6 + 0.02 * seed, seed + 10))
    return load(store, sweep_runs(store, "s-1"))[0]


@pytest.mark.slow
def test_a_plan_says_how_many_seeds_and_what_those_that_are_there_would_show(two_trainings):
    table = power.plan(two_trainings, "best", 0.3, 0.8)
    assert list(dict.fromkeys(table["tested_on"])) == ["normal", "occluded", "mixed"]
    assert table.groupby("tested_on", sort=False)["faces"].apply(list).iloc[0] == [120, 240, 480]
    enough = table[table["seeds"].notna()]
    assert len(enough) and (enough["power"] >= 0.8).all() and enough["seeds"].isin(power.SEEDS).all()
    assert table["least"].between(0.001, 0.6).all()
    assert (power.plan(two_trainings, "best", 0.001, 0.8)["seeds"].isna()).all()


def test_one_seed_or_one_training_says_nothing_of_others(store, add):
    for variant in ("normal", "mixed"):
        add(variant, 0, predictions(0.9, 0.3, 1))
    with pytest.raises(UserError, match=r"two trainings with two seeds each"):
        power.plan(load(store, sweep_runs(store, "s-1"))[0], "best", 0.02, 0.8)
