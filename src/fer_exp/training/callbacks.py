"""What happens around each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np

from fer_exp.inputs.batches import EpochSampler


class SeedEpoch(keras.callbacks.Callback):
    """Makes an epoch's randomness a function of (seed, epoch): the order, and every seed generator of the model."""

    def __init__(self, order: EpochSampler, seed: int) -> None:
        super().__init__()
        self.order, self.seed = order, seed

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Set the order and the seed generators before the first step."""
        self.order.epoch = epoch + 1
        for index, state in enumerate(seed_states(self.model)):
            words = np.random.SeedSequence((self.seed, epoch + 1, index)).generate_state(2)
            state.assign(words.astype("uint32"))


def seed_states(model: keras.Model) -> list[keras.Variable]:
    """Return the states of the model's seed generators (dropout, augmentation), in the order of its layers."""
    return [v for v in model.variables if v.name == "seed_generator_state"]


class AfterFirstStep(keras.callbacks.Callback):
    """Does once, after the first step, what need not delay it."""

    def __init__(self, action: Callable[[], None]) -> None:
        super().__init__()
        self.action = action
        self.done = False

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Do it after a step, if it is not done yet."""
        if not self.done:
            self.done = True
            self.action()


class ValidateApart(keras.callbacks.Callback):
    """Validates each epoch by a part of the network, on its own inputs; stands first, so that all see its metrics.

    Args:
        part: compiled; shares the weights of the network that is trained.
        data: batches of its inputs and labels.
        stopping: told of each step.
    """

    def __init__(self, part: keras.Model, data: Iterable[Any], stopping: keras.callbacks.Callback) -> None:
        super().__init__()
        self.part, self.data, self.stopping = part, data, stopping

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the metrics of Keras's evaluation to those of the epoch."""
        assert logs is not None  # Keras gives them to every epoch
        found = self.part.evaluate(self.data, return_dict=True, verbose=0, callbacks=[self.stopping])
        logs.update({f"val_{name}": value for name, value in found.items()})


class CaptureMetrics(keras.callbacks.Callback):
    """Hands each epoch's metrics to `take(metrics)`: all of Keras's, and the learning rate of its last step."""

    def __init__(self, take: Callable[[dict[str, float]], None]) -> None:
        super().__init__()
        self.take = take

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Hand the metrics over before the callbacks that follow change the learning rate."""
        assert logs is not None  # Keras gives them to every epoch
        metrics = {name: float(value) for name, value in logs.items()}
        self.take(metrics | {"learning_rate": float(np.asarray(self.model.optimizer.learning_rate))})
