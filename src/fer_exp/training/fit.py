"""Train a model: compile, fit, choose."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import keras
import numpy as np

from fer_exp.inputs.batches import Order, batches
from fer_exp.inputs.source import Features, Source
from fer_exp.inputs.split import Split
from fer_exp.training import optimizers
from fer_exp.training.callbacks import Epochs, Measure
from fer_exp.training.checkpoints import Checkpoints
from fer_exp.training.class_weights import class_weights
from fer_exp.training.interrupt import Stopping
from fer_exp.training.metrics import BalancedAccuracy, BalancedLoss, MacroF1
from fer_exp.training.state import Keeper, State, restore

if TYPE_CHECKING:
    from fer_exp.config.training import TrainingConfig


class Fitted(NamedTuple):
    """What training gave: epochs run, and how long they took."""

    epochs_run: int
    seconds: float


def seed_everything(seed: int, deterministic: bool, mixed_precision: bool) -> None:
    """Seeds of Python, NumPy and Keras, and how exactly and how precisely to compute."""
    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_global_policy("mixed_float16" if mixed_precision else "float32")
    if deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def fit(
    model: keras.Model,
    source: Source | Features,
    split: Split,
    cfg: TrainingConfig,
    checkpoints: Checkpoints,
    record: Callable[[dict[str, float], int], None],
    begun: State | None = None,
) -> Fitted:
    """Train `model` as `cfg` says.

    Args:
        model: from fer_exp.models.build, or its head.
        source: the pictures; or, for the head alone, their features.
        split: which of them to train and to validate on.
        cfg: the run's configuration.
        checkpoints: saves each epoch and knows the best.
        record: takes each epoch's metrics; those of the state first.
        begun: the state to go on from, bit for bit as if training had never stopped; None begins anew.
    """
    labels = source.faces.labels[split.train.rows]
    order = Order(labels, cfg.seed, cfg.resample)
    train = batches(source, split.train, cfg.batch_size, order)
    validation = batches(source, split.validation, max(cfg.batch_size, 64))
    classes = len(source.faces.classes)
    model.compile(
        optimizer=optimizers.build(cfg.optimizer, cfg.epochs * len(train)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy", BalancedAccuracy(classes), MacroF1(classes), BalancedLoss(classes)],
        jit_compile=False,  # on a CPU compilation costs more than it saves
    )
    callbacks = [Epochs(order, cfg.seed), checkpoints]
    for rule, kind in (
        (cfg.early_stopping, keras.callbacks.EarlyStopping),
        (cfg.reduce_lr_on_plateau, keras.callbacks.ReduceLROnPlateau),
    ):
        if rule.patience is not None:
            options = {"factor": rule.factor, "min_lr": rule.min_lr} if hasattr(rule, "factor") else {}
            callbacks.append(kind(rule.monitor, mode=rule.mode.value, patience=rule.patience, **options))
    start = time.monotonic() - (begun.seconds if begun else 0)
    keeper = Keeper(checkpoints.folder, checkpoints.network, callbacks, begun, lambda: time.monotonic() - start, record)
    # measured before the rules change the learning rate; kept, then recorded, once all is safe
    callbacks = [Measure(keeper.measured), *callbacks, keeper]
    if begun:
        model.optimizer.build(model.trainable_variables)
        restore(begun, checkpoints.network, model.optimizer)
        for epoch, values in enumerate(begun.history, 1):
            record(values, epoch)
        if begun.stopped or begun.epoch >= cfg.epochs:
            keeper.on_train_begin()
            checkpoints.on_train_end()
            return Fitted(begun.epoch, begun.seconds)
    stopping = Stopping()
    with stopping.listening():
        history = model.fit(
            train,
            validation_data=validation,
            epochs=cfg.epochs,
            initial_epoch=begun.epoch if begun else 0,
            class_weight=class_weights(cfg.class_weights, np.bincount(labels, minlength=classes)),
            callbacks=[*callbacks, stopping],
            shuffle=False,  # the data set has an order of its own
            verbose=1 if sys.stdout.isatty() else 2,
        )
        stopping.stop_if_asked()  # in the midst of what follows the last epoch
    return Fitted(history.epoch[-1] + 1, time.monotonic() - start)
