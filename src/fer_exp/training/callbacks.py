"""What happens around each epoch."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from fer_exp.inputs.batches import Order


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


class Measure(keras.callbacks.Callback):
    """Hands each epoch's metrics to `take(metrics)`: all of Keras's, and the learning rate of its last step."""

    def __init__(self, take: Callable[[dict[str, float]], None]):
        super().__init__()
        self.take = take

    def on_epoch_end(self, epoch, logs=None):
        """Before the rules that follow change anything."""
        values = {name: float(value) for name, value in logs.items()}
        self.take(values | {"learning_rate": float(np.asarray(self.model.optimizer.learning_rate))})
