"""From conf/optimizer to keras.optimizers."""

from __future__ import annotations

from dataclasses import asdict

import keras

from fer_exp.config.optimizer import OptimizerConfig, Schedule

CLASSES = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}


def build(cfg: OptimizerConfig, steps: int) -> keras.optimizers.Optimizer:
    """Build the optimizer, its learning rate constant or following half a cosine to zero over `steps` steps.

    The cosine is Loshchilov and Hutter 2017, SGDR, equation 5, without restarts.
    """
    options = asdict(cfg)
    name, rate, schedule = options.pop("name"), options.pop("learning_rate"), options.pop("schedule")
    if schedule is Schedule.cosine:
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    return CLASSES[name](learning_rate=rate, **options)
