"""Keras metrics that an imbalanced validation part needs, taken from one pass with the others."""

from __future__ import annotations

import keras
from keras import KerasTensor as Tensor
from keras import ops

from fer_exp.training.soft_labels import labels_of


class Accuracy(keras.metrics.SparseCategoricalAccuracy):
    """Keras's accuracy, whether or not a teacher's answers stand beside the labels."""

    def __init__(self) -> None:
        super().__init__(name="accuracy")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Add a batch."""
        super().update_state(labels_of(y_true), y_pred, sample_weight)


class ConfusionMetric(keras.metrics.Metric):
    """Counts true against predicted classes.

    y_true: (batch,) int, or fer_exp.training.soft_labels.targets; y_pred: (batch, classes) scores.
    """

    def __init__(self, classes: int, name: str) -> None:
        super().__init__(name=name, dtype="float32")
        self.classes = classes
        self.counts = self.add_variable((classes, classes), initializer="zeros", name="counts")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Add a batch; weights are ignored, as in the other unweighted metrics."""
        true = ops.one_hot(labels_of(y_true), self.classes, dtype="float32")
        predicted = ops.one_hot(ops.argmax(y_pred, -1), self.classes, dtype="float32")
        self.counts.assign_add(ops.matmul(ops.transpose(true), predicted))

    def per_class(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return hits, true and predicted count of each class, and 1 where the class occurs, else 0."""
        support = ops.sum(self.counts, 1)
        present = ops.cast(support > 0, "float32")
        return ops.diagonal(self.counts), support, ops.sum(self.counts, 0), present


class BalancedAccuracy(ConfusionMetric):
    """Mean recall of the classes that occur (Brodersen et al. 2010)."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes, "balanced_accuracy")

    def result(self) -> Tensor:
        """Return the metric in 0..1; 0 before any batch."""
        hits, support, _, present = self.per_class()
        return ops.sum(hits / ops.maximum(support, 1)) / ops.maximum(ops.sum(present), 1)


class MacroF1(ConfusionMetric):
    """Mean F1 of the classes that occur; a class that is never predicted has 0."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes, "macro_f1")

    def result(self) -> Tensor:
        """Return the metric in 0..1; 0 before any batch."""
        hits, support, predicted, present = self.per_class()
        f1 = 2 * hits / ops.maximum(support + predicted, 1)
        return ops.sum(f1 * present) / ops.maximum(ops.sum(present), 1)


class BalancedLoss(keras.metrics.Metric):
    """Cross-entropy as if all classes were equally frequent: the mean over classes of their mean loss, in nats.

    On an imbalanced validation part the plain loss follows the frequent classes. This one weights a face by
    1 / (classes x its class's share), as scikit-learn's log_loss does with compute_sample_weight("balanced").
    Classes that do not occur have no part in it.
    """

    def __init__(self, classes: int) -> None:
        super().__init__(name="balanced_loss", dtype="float32")
        self.classes = classes
        self.sums = self.add_variable((classes,), initializer="zeros", name="sums")
        self.counts = self.add_variable((classes,), initializer="zeros", name="counts")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Add a batch: y_true (batch,) int, y_pred (batch, classes) probabilities; weights are ignored."""
        labels = labels_of(y_true)
        loss = keras.losses.sparse_categorical_crossentropy(labels, ops.cast(y_pred, "float32"))
        true = ops.one_hot(labels, self.classes, dtype="float32")
        self.sums.assign_add(ops.sum(true * loss[:, None], 0))
        self.counts.assign_add(ops.sum(true, 0))

    def result(self) -> Tensor:
        """Return the loss, at least 0; 0 before any batch."""
        present = ops.cast(self.counts > 0, "float32")
        return ops.sum(self.sums / ops.maximum(self.counts, 1)) / ops.maximum(ops.sum(present), 1)
