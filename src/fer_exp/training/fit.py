"""Training of a model: compile it, build its callbacks, fit it."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import keras
import numpy as np

from fer_exp.config.method import DistillConfig, MethodConfig
from fer_exp.config.training import EpochSize
from fer_exp.inputs.batches import EpochSampler, batches
from fer_exp.inputs.split import Split
from fer_exp.training import optimizers, soft_labels
from fer_exp.training.callbacks import AfterFirstStep, CaptureMetrics, SeedEpoch, ValidateApart
from fer_exp.training.checkpoints import Checkpoints
from fer_exp.training.class_weights import class_weights
from fer_exp.training.interrupt import StopOnSignal
from fer_exp.training.learner import Learner
from fer_exp.training.metrics import Accuracy, BalancedAccuracy, BalancedLoss, MacroF1
from fer_exp.training.state import SaveState, State, restore

if TYPE_CHECKING:
    from fer_exp.config.training import TrainingConfig


@contextmanager
def own_randomness() -> Iterator[None]:
    """Let a block build networks of its own: what is drawn for their layers changes nothing of what is drawn later."""
    python, numpy = random.getstate(), np.random.get_state()  # Keras draws seeds from both
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


class Fitted(NamedTuple):
    """The epochs that were run, how long they took in seconds, and in CPU seconds unless the run was interrupted."""

    epochs_run: int
    seconds: float
    cpu_seconds: float | None


def seed_everything(seed: int, deterministic: bool, mixed_precision: bool) -> None:
    """Seed Python, NumPy and Keras, and set how exactly and how precisely to compute."""
    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_global_policy("mixed_float16" if mixed_precision else "float32")
    if deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def fit(
    learner: Learner,
    split: Split,
    cfg: TrainingConfig,
    checkpoints: Checkpoints,
    record: Callable[[dict[str, float], int], None],
    begun: Callable[[], None],
    state: State | None = None,
    answers: np.ndarray | None = None,
) -> Fitted:
    """Train what learns as `cfg` says.

    Args:
        learner: the network, its parts, and what they see.
        split: which of them to train and to validate on.
        cfg: the run's configuration.
        checkpoints: saves each epoch and knows the best.
        record: takes each epoch's metrics; those of the state first.
        begun: called once, after the first step.
        state: the state to go on from, bit for bit as if training had never stopped; None begins anew.
        answers: (n, classes) float32, what a teacher says of each face of the table; None where there is none.
    """
    model, source = learner.trained, learner.source
    labels = source.faces.labels[split.train.rows]
    classes = len(source.faces.classes)
    once = split.train.rows if cfg.epoch_size is EpochSize.faces else None
    order = EpochSampler(labels, cfg.seed, cfg.resample, once)
    beside = None if answers is None else soft_labels.targets(labels, answers[split.train.rows])
    train = batches(source, split.train, cfg.batch_size, order, beside)
    validation = batches(learner.test_source, split.validation, max(cfg.batch_size, 64))
    compile_model(model, cfg, classes, len(train))
    callbacks = [SeedEpoch(order, cfg.seed), checkpoints, *build_rules(cfg)]
    start, cpu_start = time.monotonic() - (state.seconds if state else 0), time.process_time()
    save_state = SaveState(
        checkpoints.folder, checkpoints.network, callbacks, state, lambda: time.monotonic() - start, record
    )
    if state:
        checkpoints.require_best(state.counters)
        go_on_from(state, model, checkpoints.network, record)
        if state.stopped or state.epoch >= cfg.epochs:
            save_state.on_train_begin()
            checkpoints.on_train_end()
            begun()
            return Fitted(state.epoch, state.seconds, None)
    stopping = StopOnSignal()
    last = [AfterFirstStep(begun), stopping]
    apart = []
    if learner.tested is not model:
        compile_model(learner.tested, cfg, classes, len(train))
        apart = [ValidateApart(learner.tested, validation, stopping)]
    with stopping.listening():
        history = model.fit(
            train,
            validation_data=None if apart else validation,
            epochs=cfg.epochs,
            initial_epoch=state.epoch if state else 0,
            class_weight=class_weights(cfg.class_weights, np.bincount(labels, minlength=classes)),
            # metrics are captured before the rules change the learning rate, and recorded once all is saved
            callbacks=[*apart, CaptureMetrics(save_state.capture), *callbacks, save_state, *last],
            shuffle=False,  # the data set has an order of its own
            verbose=1 if sys.stdout.isatty() else 2,
        )
        stopping.stop_if_asked()  # a signal may have come after the last epoch
    cpu_seconds = None if state else time.process_time() - cpu_start
    return Fitted(history.epoch[-1] + 1, time.monotonic() - start, cpu_seconds)


def compile_model(model: keras.Model, cfg: TrainingConfig, classes: int, steps_per_epoch: int) -> None:
    """Give the model its optimizer, its loss and its metrics."""
    model.compile(
        optimizer=optimizers.build(cfg.optimizer, cfg.epochs * steps_per_epoch),
        loss=build_loss(cfg.method),
        metrics=[Accuracy(), BalancedAccuracy(classes), MacroF1(classes), BalancedLoss(classes)],
        jit_compile=False,  # on a CPU compilation costs more than it saves
    )


def build_loss(cfg: MethodConfig) -> str | keras.losses.Loss:
    """Return the loss of a method."""
    if isinstance(cfg, DistillConfig):
        return soft_labels.DistillationLoss(cfg.alpha, cfg.temperature)
    return "sparse_categorical_crossentropy"


def build_rules(cfg: TrainingConfig) -> list[keras.callbacks.Callback]:
    """Return Keras's rules for when training stops and the learning rate falls, as far as they are asked for."""
    rules = []
    stopping, plateau = cfg.early_stopping, cfg.reduce_lr_on_plateau
    if stopping.patience is not None:
        assert stopping.mode is not None  # TrainingConfig fills it in
        rules.append(
            keras.callbacks.EarlyStopping(stopping.monitor, mode=stopping.mode.value, patience=stopping.patience)
        )
    if plateau.patience is not None:
        assert plateau.mode is not None
        options = {"patience": plateau.patience, "factor": plateau.factor, "min_lr": plateau.min_lr}
        rules.append(keras.callbacks.ReduceLROnPlateau(plateau.monitor, mode=plateau.mode.value, **options))
    return rules


def go_on_from(
    state: State, model: keras.Model, network: keras.Model, record: Callable[[dict[str, float], int], None]
) -> None:
    """Restore a state into a compiled model and the network around it, and record its epochs again."""
    model.optimizer.build(model.trainable_variables)
    restore(state, network, model.optimizer)
    for epoch, metrics in enumerate(state.history, 1):
        record(metrics, epoch)
