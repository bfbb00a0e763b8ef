"""What happens around each epoch."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from fer_exp.inputs import Order


class Epochs(keras.callbacks.Callback):
    """Makes an epoch's randomness a function of (seed, epoch): the order, and every seed generator of the model."""

    def __init__(self, order: Order, seed: int):
        super().__init__()
        self.order, self.seed = order, seed

    def on_epoch_begin(self, epoch, logs=None):
        """Set them before the first step."""
        self.order.epoch = epoch + 1
        for place, state in enumerate(seed_states(self.model)):
            words = np.random.SeedSequence((self.seed, epoch + 1, place)).generate_state(2)
            state.assign(words.astype("uint32"))


def seed_states(model: keras.Model) -> list[keras.Variable]:
    """The states of the model's seed generators (dropout, augmentation), in the order of its layers."""
    return [v for v in model.variables if v.name == "seed_generator_state"]


class Record(keras.callbacks.Callback):
    """Hands each epoch's metrics to `record(metrics, epoch)`, epoch = 1, 2, ..."""

    def __init__(self, record: Callable[[dict[str, float], int], None]):
        super().__init__()
        self.record = record

    def on_epoch_end(self, epoch, logs=None):
        """All of Keras's metrics and the learning rate."""
        values = {name: float(value) for name, value in logs.items()}
        values["learning_rate"] = float(np.asarray(self.model.optimizer.learning_rate))
        self.record(values, epoch + 1)
