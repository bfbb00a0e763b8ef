"""Accuracy against the covered share: what makes a curve, and what stands beside it."""

from fer_exp.evaluation import severity


def test_the_runs_own_occluder_makes_a_curve_and_others_stand_beside_it(widely_tested):
    table = severity.accuracy_by_share(widely_tested, "best")
    mine = table[table["trained_on"] == "normal"]
    assert mine["tested_on"].tolist() == ["normal", "quest2-0.5", "sunglasses", "occluded", "quest2-1.5"]
    assert mine["covered_share"].tolist() == [0, 0.2, 0.25, 0.45, 0.7]
    assert mine["curve"].tolist() == [True, True, False, True, True]
    assert (mine["low"] <= mine["accuracy"]).all() and (mine["accuracy"] <= mine["high"]).all()
    assert mine["n"].unique().tolist() == [2]
    curve = mine[mine["curve"]]["accuracy"]
    assert curve.is_monotonic_decreasing


def test_intervals_stay_within_what_can_be(widely_tested):
    assert severity.accuracy_by_share(widely_tested, "best")[["low", "high"]].stack().between(0, 1).all()
