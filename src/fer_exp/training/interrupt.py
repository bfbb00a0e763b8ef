"""Training that is told to stop."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager

import keras

from fer_exp.system.signals import handle_signals


class StopOnSignal(keras.callbacks.Callback):
    """Ends training after the step that is under way when Ctrl-C or SIGTERM comes.

    It stands last among the callbacks: an epoch that is complete is kept and recorded before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    def listening(self) -> AbstractContextManager[None]:
        """Return a context in which Ctrl-C and SIGTERM end training after a step."""
        return handle_signals(self._ask)

    def _ask(self, number: int) -> None:
        self.asked = True
        print("\nstopping after this step; press Ctrl-C again to stop at once", file=sys.stderr, flush=True)

    def stop_if_asked(self) -> None:
        """Raise KeyboardInterrupt if a signal has come."""
        if self.asked:
            raise KeyboardInterrupt

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Stop after a step, if a signal has come."""
        self.stop_if_asked()

    def on_test_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Stop after a step of validation, if a signal has come."""
        self.stop_if_asked()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Stop after an epoch, which is kept and recorded by then, if a signal has come."""
        self.stop_if_asked()
