"""Accuracy against the covered share: what makes a curve, what stands beside it, what is a column of the matrix."""

import numpy as np
import pytest

from fer_exp.evaluation import groups, severity
from fer_exp.evaluation import matrix as cells
from fer_exp.evaluation import results as trials
from fer_exp.evaluation.predictions import Predictions
from fer_exp.evaluation.scores import metrics, scores
from fer_exp.reports import figures
from fer_exp.tracking import Recorder, open_place, sweep_runs

SHARES = {"occluded": 0.45, "quest2-0.5": 0.2, "quest2-1.5": 0.7, "sunglasses": 0.25, "quest2-28px": 0.45}
N = 90


@pytest.fixture
def found(tmp_path):
    """Trials of two seeds, trained on normal and occluded, tested on more than the bar."""
    place = open_place(f"sqlite:///{tmp_path}/mlflow.db", "faces")
    for variant in ("normal", "occluded"):
        for seed in (0, 1):
            rng = np.random.default_rng(seed)
            labels = np.arange(N) % 3
            forms = {}
            for form, share in {"normal": 0.0, **SHARES}.items():
                right = rng.random(N) < (0.9 - share if variant == "normal" else 0.6)
                answer = np.where(right, labels, (labels + 1) % 3)
                forms[form] = np.full((N, 3), 0.05, np.float32)
                forms[form][np.arange(N), answer] = 0.9
            ids = np.array([f"test/{i}" for i in range(N)])
            p = Predictions(ids, labels, ("a", "b", "c"), forms)
            tags = {"kind": "run", "sweep_id": "s-1"}
            run = Recorder.new(place, f"net-{variant}-s{seed}", tags)
            run.parameters({"data": variant, "seed": seed, "model": "net", "occlusion": "quest2"})
            for checkpoint in ("best", "last"):
                run.metrics(metrics(checkpoint, scores(p), variant))
                run.frame(p.table(), f"predictions/{checkpoint}.parquet")
            run.metrics({f"covered_share/{name}": share for name, share in SHARES.items()})
            run.end("FINISHED")
    return trials.load(place, sweep_runs(place, "s-1"))[0]


def test_the_runs_own_occluder_makes_a_curve_and_others_stand_beside_it(found):
    table = severity.table(found, "best")
    mine = table[table["trained_on"] == "normal"]
    assert mine["tested_on"].tolist() == ["normal", "quest2-0.5", "sunglasses", "occluded", "quest2-1.5"]
    assert mine["covered_share"].tolist() == [0, 0.2, 0.25, 0.45, 0.7]
    assert mine["curve"].tolist() == [True, True, False, True, True]
    assert (mine["low"] <= mine["accuracy"]).all() and (mine["accuracy"] <= mine["high"]).all()
    assert mine["n"].unique().tolist() == [2]
    curve = mine[mine["curve"]]["accuracy"]
    assert curve.is_monotonic_decreasing


def test_sizes_are_points_of_the_curve_and_no_columns_of_the_matrix(found):
    table = cells.table(found, "best")
    columns = ["normal", "occluded", "mixed", "sunglasses", "quest2-28px"]
    assert list(dict.fromkeys(table["tested_on"])) == columns
    assert cells.tested(found, "best") == [*columns[:3], "quest2-0.5", "quest2-1.5", *columns[3:]]
    assert table[table["tested_on"] == "sunglasses"]["p"].notna().sum() == 1  # the best row has no difference to itself


def test_further_test_sets_change_nothing_of_the_main_answer(found):
    table = cells.table(found, "best").set_index(["trained_on", "tested_on"])
    fewer = [
        t._replace(predictions={c: p._replace(probabilities=first_two(p)) for c, p in t.predictions.items()})
        for t in found
    ]
    for t in fewer:
        for key in [k for k in t.run.data.metrics if k.split("/")[-1] in SHARES and "occluded" not in k]:
            del t.run.data.metrics[key]
    alone = cells.table(fewer, "best").set_index(["trained_on", "tested_on"])
    assert set(alone.index.get_level_values(1)) == {"normal", "occluded", "mixed"}
    np.testing.assert_array_equal(alone["p"], table.loc[alone.index, "p"])


def first_two(predictions):
    return {form: predictions.probabilities[form] for form in ("normal", "occluded")}


def test_runs_with_other_further_test_sets_make_one_matrix(found):
    runs = [t.run for t in found]
    for run, tests in zip(runs, ("[]", "['sunglasses']", "[]", "[]"), strict=True):
        run.data.params["tests"] = tests
    runs[0].data.params["occlusion.jitter"] = "0.0"  # the others are of a version that had no such key
    assert list(groups.grouped(runs)) == [""]
    runs[1].data.params["occlusion.jitter"] = "0.1"
    assert len(groups.grouped(runs)) > 1


def test_intervals_stay_within_what_can_be(found):
    assert severity.table(found, "best")[["low", "high"]].stack().between(0, 1).all()


def test_resolutions_of_training_are_rows_of_one_matrix(found):
    runs = [t.run for t in found]
    for run, degrade in zip(runs, ("None", "None", "28", "28"), strict=True):
        run.data.params["dataset.degrade"], run.data.params["data"] = degrade, "normal"
    assert list(groups.grouped(runs)) == [""]
    assert groups.once(runs) == (runs, [])
    named = [t._replace(resolution=r) for t, r in zip(found, trials._resolutions(runs), strict=True)]
    table = cells.table(named, "best")
    assert list(dict.fromkeys(table["trained_on"])) == ["normal", "normal 28px"]
    normal = table[table["tested_on"] == "normal"]
    assert normal["n"].tolist() == [2, 2] and normal["p"].notna().sum() == 1  # compared on the same faces
    assert figures.severity(severity.table(named, "best"), "x") is not None
    assert trials._resolutions(runs[2:]) == ["", ""]  # where all are alike nothing needs to be said
