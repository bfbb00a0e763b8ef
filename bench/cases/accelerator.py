"""The training step of ResNet50 at 224 px on a GPU: what docs/gpu.md says to turn on, against the plain step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

import keras
import numpy as np
import tensorflow as tf
from bench.measure import Row
from hydra import compose, initialize_config_dir

from fer_exp import models
from fer_exp.config.compose import validate
from fer_exp.config.register import register
from fer_exp.system.paths import CONF

STAGE, GOAL = "a training step of ResNet50 on a GPU, mixed precision", 1.5
BATCH, STEPS = 64, 20


def rows() -> Iterator[Row]:
    if not tf.config.list_physical_devices("GPU"):
        yield Row(STAGE, "float32", None, GOAL, note="no GPU at hand")
        return
    plain, mixed = (step_seconds(policy) for policy in ("float32", "mixed_float16"))
    note = f"{1000 * mixed:.3g} ms against {1000 * plain:.3g} per step of {BATCH} pictures (wall time)"
    yield Row(STAGE, "float32", plain / mixed, GOAL, note=note)


def step_seconds(policy: str) -> float:
    """Return the wall seconds of a step: the CPU seconds say nothing of a GPU."""
    keras.mixed_precision.set_global_policy(policy)
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = validate(compose("train", overrides=["model=resnet50", "model.weights=null", "augmentation=none"]))
    model = models.build(cfg.model, cfg.augmentation, 8, models.backbone(cfg.model, None))
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    pictures = tf.random.uniform((BATCH, cfg.model.size, cfg.model.size, 3), maxval=255)
    labels = tf.zeros(BATCH, tf.int64)
    return median(_seconds(lambda: float(model.train_on_batch(pictures, labels))) for _ in range(STEPS))


def _seconds(step: Callable[[], float]) -> float:
    start = time.monotonic()
    assert np.isfinite(step())  # it waits for the GPU
    return time.monotonic() - start
