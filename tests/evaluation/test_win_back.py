import numpy as np
import pytest
from predicted import predictions

from fer_exp.evaluation import results, win_back
from fer_exp.evaluation.matrix import crossed_means, matrix_table
from fer_exp.reports import page
from fer_exp.tracking import sweep_runs

# arm -> right on uncovered and on covered faces, parameters
ROWS = {
    "normal": (0.9, 0.3, {}),
    "mixed": (0.9, 0.6, {}),
    "fill": (0.9, 0.7, {"occlusion.fill": "inpaint"}),
    "fill_distill": (0.8, 0.8, {"occlusion.fill": "inpaint", "method": "distill"}),
}


@pytest.fixture
def arms(store, add):
    """Results of the four arms of experiment=win_back, three seeds."""
    teachers = {}
    for arm, (normal, occluded, params) in ROWS.items():
        for seed in (0, 1, 2):
            tags = {"method.teacher": teachers[seed]} if arm == "fill_distill" else {}
            metrics = {"train_cpu_seconds": 10.0 if arm == "normal" else 20.0}
            variant = "normal" if arm == "normal" else "mixed"
            found = predictions(normal, occluded, seed)
            run_id = add(variant, seed, found, metrics=metrics, params=params, **tags)
            teachers |= {seed: run_id} if arm == "normal" else {}
    return results.load(store, sweep_runs(store, "s-1"))[0]


def accuracy(arms, row, test_set):
    return np.mean([r.correct("best", test_set).mean() for r in arms if r.variant == row])


def test_the_answer_is_the_difference_to_the_normal_trained_row_in_points(arms):
    found = win_back.find(arms)
    assert [arm.row for arm in found.won_back] == ["mixed", "mixed inpaint", "mixed inpaint distill"]
    metrics = win_back.metrics(found)
    covered = accuracy(arms, "normal", "occluded")
    assert metrics["lost"] == pytest.approx(100 * (accuracy(arms, "normal", "normal") - covered), abs=0.01)
    for arm, row in (("mixed", "mixed"), ("fill", "mixed inpaint"), ("fill_distill", "mixed inpaint distill")):
        won = 100 * (accuracy(arms, row, "occluded") - covered)
        assert metrics[f"won_back/{arm}"] == pytest.approx(won, abs=0.01)
        assert metrics[f"won_back_ci_low/{arm}"] < won < metrics[f"won_back_ci_high/{arm}"]
        change = 100 * (accuracy(arms, row, "normal") - accuracy(arms, "normal", "normal"))
        assert metrics[f"uncovered_change/{arm}"] == pytest.approx(change, abs=0.01)


def test_intervals_are_95_percent_for_all_arms_together(arms):
    means = crossed_means(arms, "best", ("normal", "occluded"))
    estimate = means.estimate({("mixed inpaint", "occluded"): 1.0, ("normal", "occluded"): -1.0})
    found = win_back.find(arms).won_back[1].covered.interval
    assert found == pytest.approx(estimate.interval_of(1 - 0.05 / 3))
    assert np.diff(found) > 1.1 * np.diff(estimate.interval)


def test_the_teachers_training_counts_too(arms):
    assert [arm.seconds for arm in win_back.find(arms).won_back] == [20, 20, 30]


def test_plain_sweeps_and_those_without_a_normal_row_have_no_such_answer(arms):
    assert win_back.find([r for r in arms if r.variant in ("normal", "mixed")]) is None
    assert win_back.find([r for r in arms if r.variant != "normal"]) is None


def test_the_page_begins_with_it(arms):
    first, second, *_ = page.answer(arms, matrix_table(arms, "best"), win_back.find(arms))
    metrics = win_back.metrics(win_back.find(arms))
    assert first.startswith(f"The occluder (occluder) costs {metrics['lost']:.1f} (")
    assert f"mixed inpaint distill wins back {metrics['won_back/fill_distill']:.1f} (" in first
    assert f"uncovered faces change by {metrics['uncovered_change/mixed']:+.1f} (" in first
    assert "corrected for 3 rows" in first
    assert second.startswith("Trained on uncovered faces")
