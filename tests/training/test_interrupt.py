import os
import signal

import keras
import numpy as np
import pytest

from fer_exp.training.interrupt import StopOnSignal


@pytest.fixture
def signals():
    """Whatever the test does, the handlers are those of before."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def train(callback):
    """Three epochs of ten steps, as training does."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    stopping = StopOnSignal()
    with stopping.listening():
        model.fit(np.ones((40, 2)), np.ones(40), batch_size=4, epochs=3, verbose=0, callbacks=[callback, stopping])
        stopping.stop_if_asked()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_training_ends_after_the_step_that_is_under_way(signals, number, capsys):
    begun, done = [], []

    class Ask(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            begun.append(batch)
            if batch == 2:
                os.kill(os.getpid(), number)

        def on_train_batch_end(self, batch, logs=None):
            done.append(batch)

    with pytest.raises(KeyboardInterrupt):
        train(Ask())
    assert begun == done == [0, 1, 2]
    assert "stopping after this step; press Ctrl-C again to stop at once" in capsys.readouterr().err


def test_an_epoch_that_is_complete_is_kept_before_training_ends(signals):
    kept = []

    class Keep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            os.kill(os.getpid(), signal.SIGINT)  # in the midst of writing
            kept.append(epoch)

    with pytest.raises(KeyboardInterrupt):
        train(Keep())
    assert kept == [0]


def test_what_follows_the_last_epoch_is_not_gone_on_with(signals):
    class Deliver(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(Deliver())
