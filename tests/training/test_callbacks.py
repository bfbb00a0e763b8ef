import keras
import numpy as np

from fer_exp.training.callbacks import AfterFirstStep


def test_what_need_not_delay_the_first_step_is_done_once_after_it():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    steps = []
    after = AfterFirstStep(lambda: steps.append(int(model.optimizer.iterations)))
    model.fit(np.ones((6, 1)), np.ones((6, 1)), batch_size=2, epochs=2, callbacks=[after], verbose=0)
    assert steps == [1]
