import keras
import numpy as np
import pytest
import tensorflow as tf

from fer_exp.training.callbacks import AfterFirstStep, ValidateApart


def test_what_need_not_delay_the_first_step_is_done_once_after_it():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    steps = []
    after = AfterFirstStep(lambda: steps.append(int(model.optimizer.iterations)))
    model.fit(np.ones((6, 1)), np.ones((6, 1)), batch_size=2, epochs=2, callbacks=[after], verbose=0)
    assert steps == [1]


def test_validation_apart_gives_the_metrics_that_keras_would_have_given():
    keras.utils.set_random_seed(0)
    data = np.random.default_rng(0).random((12, 3)).astype(np.float32)
    layers = [keras.layers.Dense(4), keras.layers.Dense(1)]
    layers[0].trainable = False
    whole = keras.Sequential([keras.Input((3,)), *layers])
    rest = keras.Sequential([keras.Input((4,)), layers[1]])
    batches = tf.data.Dataset.from_tensors((layers[0](data), data[:, 0]))
    seen = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(dict(logs)))
    for validation in (False, True):
        whole.compile("sgd", "mse", metrics=["mae"])
        rest.compile("sgd", "mse", metrics=["mae"])
        layers[1].set_weights([np.ones((4, 1)), np.zeros(1)])
        apart = [] if validation else [ValidateApart(rest, batches, keras.callbacks.Callback())]
        known = (data, data[:, 0]) if validation else None
        whole.fit(
            data, data[:, 1], epochs=2, shuffle=False, verbose=0, validation_data=known, callbacks=[*apart, watch]
        )
    assert seen[:2] == [pytest.approx(logs) for logs in seen[2:]]
    assert {"val_loss", "val_mae"} <= seen[0].keys()
