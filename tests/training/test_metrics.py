import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss
from sklearn.utils.class_weight import compute_sample_weight

from fer_exp.training.metrics import BalancedAccuracy, BalancedLoss, MacroF1


def test_metrics_agree_with_scikit_learn_over_batches():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 3, 90), rng.random((90, 5)).astype("float32")  # classes 3, 4 never occur
    balanced, f1 = BalancedAccuracy(5), MacroF1(5)
    for batch in np.array_split(np.arange(90), 4):
        balanced.update_state(labels[batch], scores[batch])
        f1.update_state(labels[batch], scores[batch])
    predicted = scores.argmax(1)
    recalls = [np.mean(predicted[labels == c] == c) for c in range(3)]
    assert float(balanced.result()) == pytest.approx(np.mean(recalls), abs=1e-6)
    expected = f1_score(labels, predicted, labels=[0, 1, 2], average="macro")
    assert float(f1.result()) == pytest.approx(expected, abs=1e-6)


def test_the_loss_under_a_uniform_prior_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    labels = rng.choice(4, 200, p=[0.7, 0.2, 0.1, 0.0])  # class 3 never occurs
    scores = rng.dirichlet(np.ones(4), 200).astype("float32")
    metric = BalancedLoss(4)
    for batch in np.array_split(np.arange(200), 3):
        metric.update_state(labels[batch], scores[batch])
    weights = compute_sample_weight("balanced", labels)
    exact = scores.astype(float) / scores.astype(float).sum(1, keepdims=True)
    assert float(metric.result()) == pytest.approx(
        log_loss(labels, exact, labels=range(4), sample_weight=weights), rel=1e-4
    )


def test_balanced_accuracy_agrees_with_scikit_learn_where_all_classes_occur():
    labels, scores = np.arange(40) % 4, np.random.default_rng(1).random((40, 4)).astype("float32")
    metric = BalancedAccuracy(4)
    metric.update_state(labels, scores)
    assert float(metric.result()) == pytest.approx(balanced_accuracy_score(labels, scores.argmax(1)), abs=1e-6)
