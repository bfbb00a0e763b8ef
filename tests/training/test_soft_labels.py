import keras
import numpy as np
import pytest

from fer_exp.training.metrics import Accuracy, BalancedAccuracy
from fer_exp.training.soft_labels import DistillationLoss, labels_of, targets

LABELS = np.array([0, 2, 1, 2])
ANSWERS = np.array([[0.7, 0.2, 0.1], [0, 0, 1], [1, 0, 0], [0.2, 0.5, 0.3]], np.float32)
OWN = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3], [0.6, 0.3, 0.1]], np.float32)


def softened(p, temperature):
    powers = np.maximum(p, 1e-7) ** (1 / temperature)
    return powers / powers.sum(1, keepdims=True)


def loss(alpha, temperature, y_true=None):
    y_true = targets(LABELS, ANSWERS) if y_true is None else y_true
    return keras.ops.convert_to_numpy(DistillationLoss(alpha, temperature).call(y_true, keras.ops.array(OWN)))


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_the_loss_is_that_of_the_paper(alpha, temperature):
    of_labels = -np.log(OWN[np.arange(4), LABELS])
    of_teacher = -(softened(ANSWERS, temperature) * np.log(softened(OWN, temperature))).sum(1)
    expected = (1 - alpha) * of_labels + alpha * temperature**2 * of_teacher
    assert loss(alpha, temperature) == pytest.approx(expected, rel=1e-4)


def test_labels_alone_have_the_cross_entropy_with_them():
    expected = -np.log(OWN[np.arange(4), LABELS])
    for y_true in (LABELS, LABELS[:, None]):
        assert loss(0.5, 2.0, y_true) == pytest.approx(expected, rel=1e-5)


def test_labels_are_found_beside_a_teacher_that_is_sure_of_another_class():
    beside = targets(LABELS, ANSWERS)
    assert labels_of(beside).numpy().tolist() == LABELS.tolist()
    assert beside.argmax(1).tolist() == LABELS.tolist()  # as Keras looks for class weights
    for metric in (Accuracy(), BalancedAccuracy(3)):
        metric.update_state(beside, OWN)
        with_teacher = float(metric.result())
        metric.reset_state()
        metric.update_state(LABELS, OWN)
        assert with_teacher == pytest.approx(float(metric.result()))


def test_class_weights_count_with_a_teacher_too():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, activation="softmax")])
    sure = np.eye(3, dtype=np.float32)[[1, 0, 0, 0]]  # of other classes than the labels
    losses = {}
    for heavy in (0, 2):
        keras.utils.set_random_seed(0)
        model.compile("sgd", DistillationLoss(0.0, 2.0), jit_compile=False)
        weights = {0: 1.0, 1: 1.0, 2: 1.0} | {heavy: 5.0}
        before = model.get_weights()
        history = model.fit(OWN, targets(LABELS, sure), class_weight=weights, batch_size=4, verbose=0, shuffle=False)
        losses[heavy] = history.history["loss"][0]
        model.set_weights(before)
    of_labels = -np.log(model.predict(OWN, verbose=0)[np.arange(4), LABELS])
    assert losses[0] == pytest.approx((of_labels * [5, 1, 1, 1]).mean(), rel=1e-4)
    assert losses[2] == pytest.approx((of_labels * [1, 5, 1, 5]).mean(), rel=1e-4)
