"""All that training needs to go on as if it had never stopped, after each epoch.

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
from fer_exp.system.cache import DAMAGED
from fer_exp.training.checkpoints import KEPT

log = logging.getLogger(__name__)

SUFFIX = ".state"
PART = ".part-state"
COUNTERS = ("wait", "best", "best_epoch", "stopped_epoch", "cooldown_counter", "best_value", "last_epoch")


class State(NamedTuple):
    """After an epoch.

    Attributes:
        epoch: the last one that is complete (1, 2, ...).
        stopped: training has ended, early or not.
        seconds: of training so far.
        history: what each epoch measured.
        counters: of each callback, by the name of its class.
        variables: of the network, then of the optimizer, in their order.
    """

    epoch: int
    stopped: bool
    seconds: float
    history: list[dict[str, float]]
    counters: dict[str, dict[str, float]]
    variables: list[np.ndarray]


def write(folder: Path, state: State) -> Path:
    """Write a state whole or not at all, its digest in its name; older ones than the last two go.

    Raises:
        UserError: the disk is full or the folder cannot be written to.
    """
    meta = {key: value for key, value in state._asdict().items() if key != "variables"}
    arrays = {f"variable_{i:05d}": value for i, value in enumerate(state.variables)}
    part = folder / PART
    try:
        folder.mkdir(parents=True, exist_ok=True)
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
        part.unlink(missing_ok=True)
        raise UserError(
            f"{folder}: {error.strerror or error}; the state before is kept. Make room, then go on with resume=RUN_ID"
        ) from error
    return path


def latest(folder: Path) -> State | None:
    """The last state that is as it was written; None where there is none."""
    for path in _files(folder):
        try:
            with path.open("rb") as file:
                if not path.stem.endswith(file_digest(file, "sha256").hexdigest()[:32]):
                    raise ValueError("its content is not what was written")
            return _read(path)
        except DAMAGED as error:
            log.warning("warning: %s is damaged (%s): the state before it is taken", path, error)
    return None


def _read(path: Path) -> State:
    with np.load(path, allow_pickle=False) as file:
        meta = json.loads(str(file["meta"]))
        names = sorted(name for name in file.files if name.startswith("variable_"))
        return State(**meta, variables=[file[name] for name in names])


def _files(folder: Path) -> list[Path]:
    """The states, the latest first."""
    return sorted(folder.glob(f"epoch-*{SUFFIX}"), reverse=True)


def restore(state: State, network: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Set every variable of the network and of the optimizer, built already.

    Raises:
        UserError: they are not those that the state was made of.
    """
    variables = _variables(network, optimizer)
    shapes = [[tuple(v.shape) for v in values] for values in (variables, state.variables)]
    if shapes[0] != shapes[1]:
        raise UserError("the state of this run belongs to another network or optimizer: start it anew")
    for variable, value in zip(variables, state.variables, strict=True):
        variable.assign(value)


def _variables(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    return [*network.variables, *optimizer.variables]


class Keeper(keras.callbacks.Callback):
    """Writes a state after each epoch, then lets the epoch be recorded: what is recorded is never trained again.

    Stands last among the callbacks, whose counters it keeps.

    Args:
        folder: of the states.
        network: what is trained; may hold more than the model that is.
        others: the callbacks before it.
        begun: the state to go on from, or None.
        clock: seconds of training since the start.
        record: takes each epoch's metrics.
    """

    def __init__(
        self,
        folder: Path,
        network: keras.Model,
        others: list[keras.callbacks.Callback],
        begun: State | None,
        clock: Callable[[], float],
        record: Callable[[dict[str, float], int], None],
    ):
        super().__init__()
        self.folder, self.network, self.others, self.begun = folder, network, others, begun
        self.clock, self.record = clock, record
        self.history = list(begun.history) if begun else []

    def on_train_begin(self, logs=None):
        """Set back what the others have just reset."""
        for callback in self.others if self.begun else ():
            for name, value in self.begun.counters.get(type(callback).__name__, {}).items():
                setattr(callback, name, value)

    def measured(self, values: Mapping[str, float]) -> None:
        """Take an epoch's metrics, before rules change the learning rate."""
        self.history.append(dict(values))

    def on_epoch_end(self, epoch, logs=None):
        """Keep, then record."""
        state = State(
            epoch=epoch + 1,
            stopped=bool(self.model.stop_training),
            seconds=self.clock(),
            history=self.history,
            counters={type(callback).__name__: _counters(callback) for callback in self.others},
            variables=[np.asarray(v) for v in _variables(self.network, self.model.optimizer)],
        )
        write(self.folder, state)
        self.record(self.history[-1], epoch + 1)


def _counters(callback: Any) -> dict[str, float]:
    found = {name: getattr(callback, name) for name in COUNTERS if hasattr(callback, name)}
    return {name: value if value is None else np.asarray(value).item() for name, value in found.items()}
