import numpy as np
import pytest
from predicted import SHARES, N, predictions
from scipy import stats

from fer_exp.evaluation import groups, matrix, results, severity
from fer_exp.evaluation.estimates import proportion_interval
from fer_exp.evaluation.intervals import CrossedMeans
from fer_exp.evaluation.statistics import holm, mcnemar, wilson
from fer_exp.reports import figures
from fer_exp.tracking import sweep_runs


def test_sizes_are_points_of_the_curve_and_no_columns_of_the_matrix(widely_tested):
    table = matrix.matrix_table(widely_tested, "best")
    columns = ["normal", "occluded", "mixed", "sunglasses", "quest2-28px"]
    assert list(dict.fromkeys(table["tested_on"])) == columns
    assert matrix.tested_sets(widely_tested, "best") == [*columns[:3], "quest2-0.5", "quest2-1.5", *columns[3:]]
    assert table[table["tested_on"] == "sunglasses"]["p"].notna().sum() == 1  # the best row has no difference to itself


def test_further_test_sets_change_nothing_of_the_main_answer(widely_tested):
    table = matrix.matrix_table(widely_tested, "best").set_index(["trained_on", "tested_on"])
    fewer = [
        t._replace(predictions={c: p._replace(probabilities=first_two(p)) for c, p in t.predictions.items()})
        for t in widely_tested
    ]
    for t in fewer:
        for key in [k for k in t.run.data.metrics if k.split("/")[-1] in SHARES and "occluded" not in k]:
            del t.run.data.metrics[key]
    alone = matrix.matrix_table(fewer, "best").set_index(["trained_on", "tested_on"])
    assert set(alone.index.get_level_values(1)) == {"normal", "occluded", "mixed"}
    np.testing.assert_array_equal(alone["p"], table.loc[alone.index, "p"])


def first_two(predictions):
    return {form: predictions.probabilities[form] for form in ("normal", "occluded")}


def test_resolutions_of_training_are_rows_of_one_matrix(widely_tested):
    runs = [t.run for t in widely_tested]
    for run, degrade in zip(runs, ("None", "None", "28", "28"), strict=True):
        run.data.params["dataset.degrade"], run.data.params["data"] = degrade, "normal"
    assert list(groups.group_runs(runs)) == [""]
    assert groups.latest_runs(runs) == (runs, [])
    named = [t._replace(mark=r) for t, r in zip(widely_tested, results.find_marks(runs), strict=True)]
    table = matrix.matrix_table(named, "best")
    assert list(dict.fromkeys(table["trained_on"])) == ["normal", "normal 28px"]
    normal = table[table["tested_on"] == "normal"]
    assert normal["n"].tolist() == [2, 2] and normal["p"].notna().sum() == 1  # compared on the same faces
    assert figures.severity(severity.accuracy_by_share(named, "best"), "x") is not None
    assert results.find_marks(runs[2:]) == ["", ""]  # where all are alike nothing needs to be said


def cell(table, trained, tested):
    return table[(table.trained_on == trained) & (table.tested_on == tested)].iloc[0]


def test_one_seed_has_wilsons_interval_over_faces_and_no_p(three):
    table = matrix.matrix_table(three, "best")
    found = cell(table, "normal", "occluded")
    right = [t.predictions["best"].correct("occluded") for t in three]
    assert (found.low, found.high) == pytest.approx(wilson(int(right[0].sum()), N), abs=1e-4)
    assert found.below_best == pytest.approx(right[0].mean() - right[1].mean(), abs=2e-4)
    assert (table["over"] == "faces").all()
    assert table["p"].isna().all()
    pairs = matrix.pair_table(three, "best").set_index(["tested_on", "a", "b"])
    assert len(pairs) == 9
    pair = pairs.loc[("occluded", "normal", "occluded")]
    assert np.isnan(pair.p) and pair.p_networks == mcnemar(right[0], right[1])
    assert pair.difference == pytest.approx(right[0].mean() - right[1].mean())


def test_several_seeds_have_the_interval_over_faces_and_seeds(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed))
    members, _ = results.load(store, sweep_runs(store, "s-1"))
    found = cell(matrix.matrix_table(members, "best"), "normal", "occluded")
    right = np.stack([t.predictions["best"].correct("occluded") for t in members])
    means = CrossedMeans({("normal", "occluded"): right}, {"normal": "012"})
    expected = proportion_interval(means.estimate({("normal", "occluded"): 1.0}))
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-4)
    assert found.n == 3 and found.over == "faces and seeds"
    assert found.deviation == pytest.approx(right.mean(1).std(ddof=1), abs=1e-3)


def test_all_pairs_of_rows_are_corrected_together_and_a_cell_has_that_of_the_best(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed))
        add("occluded", seed, predictions(0.5, 0.8, seed + 10))
        add("mixed", seed, predictions(0.85, 0.75, seed + 20))
    members, _ = results.load(store, sweep_runs(store, "s-1"))
    pairs, table = matrix.pair_table(members[::-1], "best"), matrix.matrix_table(members, "best")
    means = {t: matrix.crossed_means(members, "best", [t]) for t in ("normal", "occluded", "mixed")}
    alone = [
        means[r.tested_on].estimate({(r.a, r.tested_on): 1.0, (r.b, r.tested_on): -1.0}).p for r in pairs.itertuples()
    ]
    assert len(pairs) == 9 and pairs["p"].to_numpy() == pytest.approx(holm(np.array(alone)))
    pair = pairs.set_index(["tested_on", "a", "b"]).loc[("occluded", "normal", "occluded")]
    assert cell(table, "normal", "occluded").p == pair.p < 0.05
    assert np.isnan(cell(table, "occluded", "occluded").p)
    assert pairs["p_networks"].isna().all()


def test_a_row_of_one_seed_is_judged_by_the_seeds_of_the_others(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed))
    add("occluded", 0, predictions(0.5, 0.8, 10))
    members, _ = results.load(store, sweep_runs(store, "s-1"))
    table = matrix.matrix_table(members, "best")
    assert (table["over"] == "faces and seeds").all()
    assert cell(table, "normal", "occluded").p < 0.05
    few, many = cell(table, "occluded", "occluded"), cell(table, "normal", "occluded")
    assert few.n == 1 and few.high - few.low > many.high - many.low - 0.05


def test_another_dataset_is_a_column_with_intervals_over_its_own_faces(store, add):
    for variant, right in (("normal", 0.8), ("occluded", 0.5)):
        for seed in (0, 1, 2):
            names = ("angry", "happy")
            other = {c: predictions(right, 0.5, seed + 30, names) for c in ("best", "last")}
            tags = {"twins.test": "8", "test_datasets.ck.twins": "5"}
            metrics = {f"best_without_twins/{test_set}": 0.5 for test_set in ("normal", "ck")}
            add(variant, seed, predictions(0.9, 0.3, seed), elsewhere={"ck": other}, metrics=metrics, **tags)
    members, _ = results.load(store, sweep_runs(store, "s-1"))
    table = matrix.matrix_table(members, "best")
    found = cell(table, "normal", "ck")
    assert (found.twins, cell(table, "normal", "normal").twins) == (5, 8)
    right = np.stack([r.correct("best", "ck") for r in members if r.variant == "normal"])
    assert found.accuracy == pytest.approx(right.mean(), abs=1e-4) and found.low < found.accuracy < found.high
    assert found.over == "faces and seeds"
    pairs = matrix.pair_table(members, "best").set_index("tested_on")
    assert pairs.loc["ck"].difference == pytest.approx(0.3, abs=0.1) and pairs.loc["ck"].p < 0.05


def of_people(result, each):
    """The same result, on pictures of people with so many faces each."""
    named = {
        name: p._replace(groups=np.array([f"S{i // each}" for i in range(len(p.ids))]))
        for name, p in result.predictions.items()
    }
    return result._replace(predictions=named)


def alike(found, each, seed):
    """The same predictions, as if all faces of a person were its first one; each seed answers a few in another way."""
    first = np.arange(N) // each * each
    forms = {form: p[first] for form, p in found.probabilities.items()}
    for p in forms.values():
        p[:: 17 + seed] = np.roll(p[:: 17 + seed], 1, axis=1)
    return found._replace(labels=found.labels[first], probabilities=forms)


def test_every_interval_and_p_of_the_matrix_is_over_people_where_they_are_known(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, alike(predictions(0.9, 0.3, 1), 6, seed))
        add("occluded", seed, alike(predictions(0.5, 0.8, 2), 6, seed))
    over_faces, _ = results.load(store, sweep_runs(store, "s-1"))
    over_people = [of_people(result, 6) for result in over_faces]
    faces, people = (matrix.matrix_table(members, "best") for members in (over_faces, over_people))
    assert (people["accuracy"] == faces["accuracy"]).all()
    assert (people["high"] - people["low"] > 1.3 * (faces["high"] - faces["low"])).all()
    faces, people = (matrix.pair_table(members, "best") for members in (over_faces, over_people))
    assert (people["difference"] == faces["difference"]).all()
    assert (people["high"] - people["low"] > 1.3 * (faces["high"] - faces["low"])).all()
    assert (people["p"] >= faces["p"]).all() and (people["p"] > 2 * faces["p"]).any()
    assert matrix.find_groups([over_faces[0], *over_people], "best", "mixed").tolist()[:7] == ["S0"] * 6 + ["S1"]


def test_two_networks_are_compared_over_people_where_they_are_known():
    rng = np.random.default_rng(0)
    a, b, who = rng.random(300) < 0.7, rng.random(300) < 0.6, np.repeat(np.arange(60), 5).astype(str)
    assert matrix.compare_networks(a, b, None) == mcnemar(a, b)
    assert matrix.compare_networks(a, b, np.arange(300).astype(str)) == mcnemar(a, b)
    differences = (a.astype(float) - b).reshape(60, 5).mean(1)
    assert matrix.compare_networks(a, b, who) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)
    same = np.repeat(a[::5], 5), np.repeat(b[::5], 5)  # five copies of each face
    assert matrix.compare_networks(*same, who) > 5 * mcnemar(*same)
