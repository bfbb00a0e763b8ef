"""The model after each epoch, as a .keras file without optimizer state."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from fer_exp.config.training import Keep, Mode
from fer_exp.errors import UserError, one_line
from fer_exp.system import atomic
from fer_exp.system.archives import check_archive

if TYPE_CHECKING:
    from fer_exp.config.training import TrainingConfig
    from fer_exp.tracking import Recorder

KEPT = 2  # states that are kept, see fer_exp.training.state


class Checkpoints(keras.callbacks.Callback):
    """Saves every epoch, and knows the `best` one (by the monitored value, the earliest on ties) and the `last`.

    Args:
        folder: where the files stand until the run has them.
        monitor: the metric that makes an epoch the best.
        mode: in which direction.
        keep: all, or best_and_last.
        deliver: called with each file that stays with the run.
        network: what is saved; may hold more than the model that is trained.
    """

    def __init__(
        self,
        folder: Path,
        monitor: str,
        mode: Mode,
        keep: Keep,
        deliver: Callable[[Path], None],
        network: keras.Model,
    ) -> None:
        super().__init__()
        self.network = network
        self.folder, self.monitor, self.keep, self.deliver = folder, monitor, keep, deliver
        self.sign = 1 if mode is Mode.max else -1
        self.best_epoch = self.last_epoch = 0
        self.needed: list[set[int]] = []  # best and last after each of the epochs before
        self.best_value = -float("inf")

    @classmethod
    def for_run(cls, run: Recorder, cfg: TrainingConfig, network: keras.Model, epochs: int) -> Checkpoints:
        """Return the checkpoints of a run, in its state folder.

        Args:
            run: takes the files that stay.
            cfg: what makes an epoch the best, and which files stay.
            network: what is saved.
            epochs: how many are still to come.

        Raises:
            UserError: the disk has no room for them, or the folder cannot be written to.
        """
        try:
            run.state.mkdir(parents=True, exist_ok=True)
            for leftover in run.state.glob(f"{atomic.PART}*"):  # of a process that was killed
                leftover.unlink()
        except OSError as error:
            raise UserError(
                f"cannot write {error.filename or run.state}: {error.strerror or error}. Models and states are kept "
                "there until the run is finished: make it writable"
            ) from error
        check_space(run.state, network, epochs, cfg.checkpoints.keep)
        deliver = partial(run.log_artifact, folder="checkpoints")
        return cls(run.state, cfg.monitor, cfg.mode, cfg.checkpoints.keep, deliver, network)

    @property
    def epochs(self) -> dict[str, int]:
        """Return the epoch of `best` and of `last`."""
        return {"best": self.best_epoch, "last": self.last_epoch}

    def path(self, epoch: int) -> Path:
        """Return the file of an epoch (1, 2, ...)."""
        return self.folder / f"epoch-{epoch:03d}.keras"

    def require_best(self, counters: Mapping[str, Mapping[str, float | None]]) -> None:
        """Raise UserError where the model of a state's best epoch (in its `counters`) is gone: all would be in vain."""
        best = int(counters.get(type(self).__name__, {}).get("best_epoch") or 0)
        if best and not self.path(best).is_file():
            raise UserError(
                f"{self.path(best)} is gone: this run cannot go on without the model of its best epoch. Put the file "
                "back, or start a new run"
            )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Save the epoch, choose the best, and drop what is neither best nor last."""
        assert logs is not None  # Keras gives them to every epoch
        self.needed = [*self.needed[-KEPT:], {self.best_epoch, self.last_epoch}]
        self.last_epoch = epoch + 1
        save(self.network, self.path(self.last_epoch))
        value = self.sign * logs[self.monitor]
        if np.isnan(value):  # never better
            value = -float("inf")
        if value > self.best_value or not self.best_epoch:
            self.best_value, self.best_epoch = value, self.last_epoch
        if self.keep is Keep.all:
            self.deliver(self.path(self.last_epoch))
        # the states that are kept name the files of the epochs before: one of them may be gone back to
        needed = set().union(*self.needed[1:], {0, self.best_epoch, self.last_epoch})
        for stale in self.needed[0] - needed if len(self.needed) > KEPT else ():
            self.path(stale).unlink(missing_ok=True)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Deliver the two that stay, unless all were delivered."""
        if self.keep is Keep.best_and_last:
            for epoch in sorted({self.best_epoch, self.last_epoch} - {0}):
                self.deliver(self.path(epoch))


def check_space(folder: Path, network: keras.Model, epochs: int, keep: Keep) -> None:
    """Raise UserError where the disk has no room for a run's models and states, before it begins.

    Counted are 4 bytes a weight: of each model that stays, of five on the way there (those that kept states name, and
    the one being written), and of three states, which hold two moments of every trainable weight besides.
    """
    weights = sum(int(np.prod(w.shape)) for w in network.weights)
    trainable = sum(int(np.prod(w.shape)) for w in network.trainable_weights)
    models = (epochs if keep is Keep.all else 2) + 5
    need = 4 * (models * weights + 3 * (weights + 2 * trainable))
    free = shutil.disk_usage(folder).free
    if need > free:
        raise UserError(
            f"this run's models take about {need / 2**30:.1f} GiB, but {free / 2**30:.1f} GiB are free in "
            f"{folder}. Make room, or keep fewer of them: checkpoints.keep=best_and_last"
        )


def save(model: keras.Model, path: Path) -> None:
    """Write the model without its optimizer; the file appears whole or not at all.

    Raises:
        UserError: the disk is full or the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # an uncompiled twin with the same layers: the one way to leave the optimizer out
    bare = keras.Model(model.inputs, model.outputs, name=model.name)
    try:
        with atomic.replacing(path, path.suffix) as part:
            bare.save(part)
    except OSError as error:
        free = shutil.disk_usage(path.parent).free / 2**20
        raise UserError(
            f"{path}: {error.strerror or error}; {free:.0f} MiB are free there. The epochs before are saved with "
            "the run. Make room, or keep fewer files with checkpoints.keep=best_and_last"
        ) from error


def load(path: Path) -> keras.Model:
    """Load a saved model, for prediction; Lambda layers and pickled code are refused.

    Raises:
        UserError: it is not a saved model, is damaged, or would unpack to more than any model here takes.
    """
    try:
        check_archive(path)
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises errors of all kinds on damaged files
        raise UserError(f"{path}: not a saved model, or a damaged one ({one_line(error)})") from error
