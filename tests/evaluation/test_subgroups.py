import numpy as np
import pytest
from predicted import N, predictions

from fer_exp.evaluation import results, subgroups
from fer_exp.evaluation.estimates import proportion_interval
from fer_exp.evaluation.intervals import CrossedMeans
from fer_exp.evaluation.predictions import Predictions
from fer_exp.evaluation.statistics import wilson
from fer_exp.tracking import sweep_runs

GENDER = np.where(np.arange(N) % 4 == 0, "f", "m")


def test_accuracy_by_value_is_that_of_its_faces_with_wilsons_interval():
    found = predictions(0.9, 0.3, 1)._replace(metadata={"gender": GENDER})
    table = subgroups.accuracy_by(found, "gender").set_index(["value", "tested_on"])
    for value in "fm":
        right = found.correct("occluded")[value == GENDER]
        row = table.loc[(value, "occluded")]
        assert row.faces == len(right)
        assert row.accuracy == pytest.approx(right.mean(), abs=1e-4)
        assert (row.low, row.high) == pytest.approx(wilson(int(right.sum()), len(right)), abs=1e-4)
    assert table.groupby("tested_on", sort=False)["faces"].sum().tolist() == [N, N, N]


def test_many_numbers_become_ranges_in_their_order_and_missing_ones_a_group():
    values = np.array([*(str(age) for age in range(9, 59)), "", ""])
    positions, names = subgroups.subgroups(values)
    assert names == ["9 to 21", "22 to 33", "34 to 46", "47 to 58", "not known"]
    assert np.bincount(positions).tolist() == [13, 12, 13, 12, 2]
    assert subgroups.subgroups(np.array(["10", "9", "9"]))[1] == ["9", "10"]


@pytest.mark.parametrize("values", [["a"] * 30, [""] * 30, [f"name {i}" for i in range(30)]])
def test_one_value_and_many_words_make_no_groups(values):
    assert subgroups.subgroups(np.array(values)) is None


def test_several_runs_are_averaged_with_the_interval_over_faces_and_seeds(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed)._replace(metadata={"gender": GENDER}))
    loaded, _ = results.load(store, sweep_runs(store, "s-1"))
    table = subgroups.compare_values(loaded, "best", "gender", ("normal", "occluded"))
    row = table.set_index(["trained_on", "value", "tested_on"]).loc[("normal", "f", "occluded")]
    right = np.stack([t.predictions["best"].correct("occluded")[GENDER == "f"] for t in loaded])
    estimate = CrossedMeans({("normal", "occluded"): right}, {"normal": "012"}).estimate({("normal", "occluded"): 1.0})
    assert row.accuracy == pytest.approx(right.mean(), abs=1e-4)
    assert (row.low, row.high) == pytest.approx(proportion_interval(estimate), abs=1e-4)


def test_people_and_columns_survive_the_table_of_predictions():
    people = np.array([f"S{i // 5}" for i in range(N)])
    found = predictions(0.9, 0.3, 1)._replace(groups=people, metadata={"skin/type": GENDER})
    again = Predictions.from_table(found.to_table())
    assert (again.groups == people).all() and (again.metadata["skin/type"] == GENDER).all()
    assert again.test_sets == found.test_sets and again.classes == found.classes
