"""Learning from labels and from a teacher's answers at once (Hinton, Vinyals and Dean 2015, arXiv 1503.02531)."""

from __future__ import annotations

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import ops

SMALLEST = 1e-7  # probabilities are at least this, as in Keras's own losses


def targets(labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return labels and a teacher's answers side by side, (n, 2 x classes) float32: one-hot labels first.

    Keras finds the class of each row, which it needs for class weights, by its first greatest value: that is the label.

    Args:
        labels: (n,) int.
        answers: (n, classes) float32 probabilities.
    """
    return np.concatenate([np.eye(answers.shape[1], dtype=np.float32)[labels], answers], axis=1)


def labels_of(y_true: Tensor) -> Tensor:
    """Return the labels (batch,) int32 of a batch: as they are, or out of `targets`."""
    if len(y_true.shape) == 2 and y_true.shape[1] > 1:
        return ops.cast(ops.argmax(y_true[:, : y_true.shape[1] // 2], -1), "int32")
    return ops.cast(ops.reshape(y_true, (-1,)), "int32")


class DistillationLoss(keras.losses.Loss):
    """(1 - alpha) x cross-entropy with the labels + alpha x T^2 x cross-entropy with the teacher, both softened by T.

    Softening divides the logarithms of probabilities by T; T^2 keeps the gradients of both parts of one size (section 2
    there). Where y_true holds labels alone, as in validation, it is the cross-entropy with them.
    """

    def __init__(self, alpha: float, temperature: float) -> None:
        super().__init__(name="distillation")
        self.alpha, self.temperature = alpha, temperature

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each row, (batch,) float32; y_pred is (batch, classes) probabilities."""
        with_labels = keras.losses.sparse_categorical_crossentropy(labels_of(y_true), y_pred)
        if y_true.shape[-1] != 2 * y_pred.shape[-1]:
            return with_labels
        answers = y_true[:, y_pred.shape[-1] :]
        softened, own = (ops.log(ops.maximum(p, SMALLEST)) / self.temperature for p in (answers, y_pred))
        with_teacher = -ops.sum(ops.softmax(softened) * ops.log_softmax(own), -1)
        return (1 - self.alpha) * with_labels + self.alpha * self.temperature**2 * with_teacher
