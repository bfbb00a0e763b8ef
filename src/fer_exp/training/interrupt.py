"""Training that is told to stop."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

import keras

from fer_exp.system.signals import heard_by


class Stopping(keras.callbacks.Callback):
    """Ends training after the step that is under way when Ctrl-C or SIGTERM comes.

    Stands last among the callbacks: an epoch that is complete is kept and recorded before.
    """

    def __init__(self):
        super().__init__()
        self.asked = False

    def listening(self) -> AbstractContextManager[None]:
        """While training runs."""
        return heard_by(self._ask)

    def _ask(self, number: int) -> None:
        self.asked = True
        print("\nstops after this step; once more: at once", file=sys.stderr, flush=True)

    def stop_if_asked(self) -> None:
        """Raise KeyboardInterrupt if it was."""
        if self.asked:
            raise KeyboardInterrupt

    def on_train_batch_end(self, batch, logs=None):
        """A step is done."""
        self.stop_if_asked()

    def on_test_batch_end(self, batch, logs=None):
        """A step of validation is done."""
        self.stop_if_asked()

    def on_epoch_end(self, epoch, logs=None):
        """An epoch is kept and recorded."""
        self.stop_if_asked()
