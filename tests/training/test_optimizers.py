import keras
import numpy as np
import pytest

from fer_exp.config.optimizer import AdamConfig, AdamWConfig, RMSpropConfig, Schedule, SGDConfig
from fer_exp.training import optimizers


@pytest.mark.parametrize(
    "cfg",
    [AdamConfig("adam"), AdamWConfig("adamw"), RMSpropConfig("rmsprop"), SGDConfig("sgd")],
    ids=lambda c: c.name,
)
def test_every_optimizer_is_keras_own(cfg):
    found = optimizers.build(cfg, 10)
    assert type(found).__name__.lower() == cfg.name
    assert float(np.asarray(found.learning_rate)) == pytest.approx(cfg.learning_rate)


def test_cosine_ends_at_zero():
    found = optimizers.build(AdamConfig("adam", schedule=Schedule.cosine), 10)
    assert isinstance(found._learning_rate, keras.optimizers.schedules.CosineDecay)
    assert float(found._learning_rate(10)) == pytest.approx(0, abs=1e-9)
