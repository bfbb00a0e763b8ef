import numpy as np
import pandas as pd
import pytest

from fer_exp.evaluation import scores as evaluation
from fer_exp.evaluation.predictions import Predictions
from fer_exp.inputs.variants import alternate

LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 2])


def predictions(normal, occluded):
    eye = np.eye(3, dtype=np.float32) * 0.7 + 0.1
    table = {"normal": eye[normal], "occluded": eye[occluded]}
    return Predictions(np.array([f"{i}.jpg" for i in range(8)]), LABELS, ("a", "b", "c"), table)


RIGHT, WRONG = LABELS, (LABELS + 1) % 3


def test_mixed_is_each_face_once_in_the_form_that_the_rule_gives_it():
    found = predictions(RIGHT, WRONG)
    hits = found.on("mixed").argmax(1) == LABELS
    assert (hits == ~alternate(LABELS)).all()


def test_accuracy_on_mixed_lies_between_normal_and_occluded():
    found = evaluation.scores(predictions(RIGHT, WRONG))
    assert [found[name].accuracy for name in ("normal", "mixed", "occluded")] == [1, 0.5, 0]


def test_scores_count_every_class_alike_where_they_say_so():
    always_first = np.zeros(8, int)
    found = evaluation.scores(predictions(always_first, always_first))["normal"]
    assert found.accuracy == 0.5
    assert found.balanced_accuracy == pytest.approx(1 / 3)
    assert found.recall.tolist() == [1, 0, 0]
    assert found.macro_f1 == pytest.approx(2 / 9)
    assert found.confusion.tolist() == [[4, 0, 0], [2, 0, 0], [2, 0, 0]]
    assert found.interval.low < 0.5 < found.interval.high


def test_loss_is_the_mean_negative_log_probability_of_the_true_class():
    found = evaluation.score(LABELS, predictions(RIGHT, WRONG).on("normal"))
    assert found.loss == pytest.approx(-np.log(0.8), abs=1e-6)


def test_a_class_without_faces_has_no_recall_and_changes_no_mean():
    p = np.eye(3, dtype=np.float32)[[0, 0, 1]]
    found = evaluation.score(np.array([0, 0, 1]), p)
    assert np.isnan(found.recall[2])
    assert found.balanced_accuracy == found.macro_f1 == 1


def test_no_faces_is_an_error():
    with pytest.raises(ValueError, match="no faces"):
        evaluation.score(np.array([], int), np.zeros((0, 3)))


def test_metric_names_are_the_ones_that_stay_and_changes_refer_to_the_own_test_set():
    found = evaluation.metrics("best", evaluation.scores(predictions(RIGHT, WRONG)), "normal")
    assert found["best/normal"] == 1
    assert found["best_change/occluded"] == -1
    assert found["best_change/mixed"] == -0.5
    endings = {"normal", "occluded", "mixed"}
    starts = ("best", *(f"best_{n}" for n in ["balanced_accuracy", "macro_f1", "loss", "ci_low", "ci_high", "change"]))
    assert set(found) == {f"{start}/{end}" for start in starts for end in endings}


def test_predictions_keep_id_label_and_probabilities_through_parquet(tmp_path):
    table = predictions(RIGHT, WRONG).table()
    table.to_parquet(tmp_path / "p.parquet")
    back = pd.read_parquet(tmp_path / "p.parquet")
    assert back.columns.tolist()[:3] == ["id", "label", "normal/a"]
    assert back.label.tolist() == ["a"] * 4 + ["b"] * 2 + ["c"] * 2
    pd.testing.assert_frame_equal(back, table)


def test_without_occluded_predictions_only_normal_is_tested():
    found = predictions(RIGHT, WRONG)._replace(probabilities={"normal": predictions(RIGHT, WRONG).on("normal")})
    assert list(evaluation.scores(found)) == ["normal"]
