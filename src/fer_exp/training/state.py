"""All that training needs, after each epoch, to go on as if it had never stopped.

A `.keras` file holds neither the optimizer, nor the seed generators of dropout and augmentation, nor what callbacks
count. The order of pictures and the seeds of an epoch are functions of (seed, epoch) and need no keeping.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from fer_exp.errors import UserError
from fer_exp.system import atomic
from fer_exp.system.cache import DAMAGED
from fer_exp.training.checkpoints import KEPT

log = logging.getLogger(__name__)

SUFFIX = ".state"
COUNTERS = ("wait", "best", "best_epoch", "stopped_epoch", "cooldown_counter", "best_value", "last_epoch")


class State(NamedTuple):
    """The state of training after an epoch.

    Attributes:
        epoch: the last complete one (1, 2, ...).
        stopped: whether training has ended, early or not.
        seconds: how long training has taken so far.
        history: the metrics of each epoch.
        counters: what each callback counts, by the name of its class.
        variables: those of the network, then those of the optimizer, in their order.
    """

    epoch: int
    stopped: bool
    seconds: float
    history: list[dict[str, float]]
    counters: dict[str, dict[str, float | None]]
    variables: list[np.ndarray]


def write(folder: Path, state: State) -> Path:
    """Write a state whole or not at all, its digest in its name; older ones than the last two go.

    Raises:
        UserError: the disk is full or the folder cannot be written to.
    """
    meta = {key: value for key, value in state._asdict().items() if key != "variables"}
    arrays: dict[str, Any] = {f"variable_{i:05d}": value for i, value in enumerate(state.variables)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic.temporary(folder) as part:
            with part.open("wb+") as file:
                np.savez(file, meta=np.array(json.dumps(meta)), **arrays)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                digest = file_digest(file, "sha256").hexdigest()
            path = folder / f"epoch-{state.epoch:05d}-{digest[:32]}{SUFFIX}"
            os.replace(part, path)
        for stale in _files(folder)[KEPT:]:
            stale.unlink()
    except OSError as error:
        raise UserError(
            f"{folder}: {error.strerror or error}; the state before is kept. Make room, then go on with resume=RUN_ID"
        ) from error
    return path


def latest_state(folder: Path) -> State | None:
    """Return the last state that is as it was written; None where there is none."""
    for path in _files(folder):
        try:
            with path.open("rb") as file:
                if not path.stem.endswith(file_digest(file, "sha256").hexdigest()[:32]):
                    raise ValueError("its content is not what was written")
            return _read(path)
        except DAMAGED as error:
            log.warning("warning: %s is damaged (%s); the state before it is used", path, error)
    return None


def _read(path: Path) -> State:
    with np.load(path, allow_pickle=False) as file:
        meta = json.loads(str(file["meta"]))
        names = sorted(name for name in file.files if name.startswith("variable_"))
        return State(**meta, variables=[file[name] for name in names])


def _files(folder: Path) -> list[Path]:
    """Return the files of the states, the latest first."""
    return sorted(folder.glob(f"epoch-*{SUFFIX}"), reverse=True)


def restore(state: State, network: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Set every variable of the network and of the optimizer, which is built already.

    Raises:
        UserError: they are not those that the state was made of.
    """
    variables = _variables(network, optimizer)
    shapes = [[tuple(v.shape) for v in values] for values in (variables, state.variables)]
    if shapes[0] != shapes[1]:
        raise UserError("the state of this run belongs to another network or optimizer: start a new run")
    for variable, value in zip(variables, state.variables, strict=True):
        variable.assign(value)


def _variables(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    return [*network.variables, *optimizer.variables]


class SaveState(keras.callbacks.Callback):
    """Writes a state after each epoch, then records the epoch: what is recorded is never trained again.

    It stands last among the callbacks, whose counters it keeps.

    Args:
        folder: where the states are.
        network: what is saved; may hold more than the model that is trained.
        callbacks: the callbacks before it.
        state: the state to go on from, or None.
        clock: seconds of training since the start.
        record: takes each epoch's metrics.
    """

    def __init__(
        self,
        folder: Path,
        network: keras.Model,
        callbacks: list[keras.callbacks.Callback],
        state: State | None,
        clock: Callable[[], float],
        record: Callable[[dict[str, float], int], None],
    ) -> None:
        super().__init__()
        self.folder, self.network, self.callbacks, self.state = folder, network, callbacks, state
        self.clock, self.record = clock, record
        self.history = list(state.history) if state else []

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Restore the counters that the callbacks have just reset."""
        counters = self.state.counters if self.state else {}
        for callback in self.callbacks:
            for name, value in counters.get(type(callback).__name__, {}).items():
                setattr(callback, name, value)

    def capture(self, metrics: Mapping[str, float]) -> None:
        """Take an epoch's metrics, before other callbacks change the learning rate."""
        self.history.append(dict(metrics))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write the state, then record the epoch."""
        state = State(
            epoch=epoch + 1,
            stopped=bool(self.model.stop_training),
            seconds=self.clock(),
            history=self.history,
            counters={type(callback).__name__: _counters(callback) for callback in self.callbacks},
            variables=[np.asarray(v) for v in _variables(self.network, self.model.optimizer)],
        )
        write(self.folder, state)
        self.record(self.history[-1], epoch + 1)


def _counters(callback: keras.callbacks.Callback) -> dict[str, float | None]:
    counters = {name: getattr(callback, name) for name in COUNTERS if hasattr(callback, name)}
    return {name: None if value is None else np.asarray(value).item() for name, value in counters.items()}
