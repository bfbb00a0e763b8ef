import numpy as np
import pytest
from predicted import LABELS, RIGHT, WRONG, N, answers

from fer_exp.evaluation import scores


def test_accuracy_on_mixed_lies_between_normal_and_occluded():
    found = scores.score_test_sets(answers(RIGHT, WRONG))
    assert [found[name].accuracy for name in ("normal", "mixed", "occluded")] == [1, 0.5, 0]


def test_scores_count_every_class_alike_where_they_say_so():
    always_first = np.zeros(8, int)
    found = scores.score_test_sets(answers(always_first, always_first))["normal"]
    assert found.accuracy == 0.5
    assert found.balanced_accuracy == pytest.approx(1 / 3)
    assert found.recall.tolist() == [1, 0, 0]
    assert found.macro_f1 == pytest.approx(2 / 9)
    assert found.confusion.tolist() == [[4, 0, 0], [2, 0, 0], [2, 0, 0]]
    assert found.interval.low < 0.5 < found.interval.high


def test_loss_is_the_mean_negative_log_probability_of_the_true_class():
    found = scores.score(LABELS, answers(RIGHT, WRONG).on("normal"))
    assert found.loss == pytest.approx(-np.log(0.8), abs=1e-6)


def test_a_class_without_faces_has_no_recall_and_changes_no_mean():
    p = np.eye(3, dtype=np.float32)[[0, 0, 1]]
    found = scores.score(np.array([0, 0, 1]), p)
    assert np.isnan(found.recall[2])
    assert found.balanced_accuracy == found.macro_f1 == 1


def test_no_faces_is_an_error():
    with pytest.raises(ValueError, match="no faces"):
        scores.score(np.array([], int), np.zeros((0, 3)))


def test_metric_names_are_the_ones_that_stay_and_changes_refer_to_the_own_test_set():
    found = scores.named_metrics("best", scores.score_test_sets(answers(RIGHT, WRONG)), "normal")
    assert found["best/normal"] == 1
    assert found["best_change/occluded"] == -1
    assert found["best_change/mixed"] == -0.5
    endings = {"normal", "occluded", "mixed"}
    starts = ("best", *(f"best_{n}" for n in ["balanced_accuracy", "macro_f1", "loss", "ci_low", "ci_high", "change"]))
    assert set(found) == {f"{start}/{end}" for start in starts for end in endings}


def test_without_occluded_predictions_only_normal_is_tested():
    found = answers(RIGHT, WRONG)._replace(probabilities={"normal": answers(RIGHT, WRONG).on("normal")})
    assert list(scores.score_test_sets(found)) == ["normal"]


def test_mixed_is_what_a_directly_evaluated_mixed_set_would_give(three):
    for trial in three:
        found = trial.predictions["best"]
        covered = np.zeros(N, bool)
        for label in range(3):
            covered[np.flatnonzero(found.labels == label)[::2]] = True
        direct = np.where(covered, found.correct("occluded"), found.correct("normal")).mean()
        assert trial.run.data.metrics["best/mixed"] == pytest.approx(direct, abs=1e-4)


def test_accuracy_without_twins_is_that_of_the_other_faces_on_every_test_set():
    found = answers(RIGHT, WRONG)
    mixed = found.correct("mixed")
    values = scores.accuracy_without("last", found, found.ids[:3])
    assert values == {
        "last_without_twins/normal": 1,
        "last_without_twins/occluded": 0,
        "last_without_twins/mixed": mixed[3:].mean(),
    }


@pytest.mark.parametrize("twins", [[], ["elsewhere.jpg"], None], ids=["no twins", "of other faces", "all"])
def test_without_faces_to_leave_out_or_to_keep_there_is_no_accuracy_without_twins(twins):
    found = answers(RIGHT, WRONG)
    assert scores.accuracy_without("best", found, found.ids if twins is None else np.array(twins, str)) == {}
