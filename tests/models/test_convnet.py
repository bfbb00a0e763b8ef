import numpy as np
import pytest
from configs import PLAIN, configured

from fer_exp import models


@pytest.mark.parametrize("name, parameters", [("convnet_basic", 2_862_152), ("convnet_deep", 8_777_864)])
def test_study_as_own_networks_have_its_parameter_counts(name, parameters):
    assert models.build(configured(f"model={name}").model, PLAIN, 8).count_params() == parameters


@pytest.mark.parametrize(
    "name, shape, convolutions, dense",
    [
        ("convnet_small", (64, 64, 3), 4, 1),
        ("emotion_cnn_4", (48, 48, 1), 4, 2),
        ("emotion_cnn_3", (48, 48, 1), 3, 1),
        ("emotion_cnn_2", (48, 48, 1), 2, 1),
        ("gender_cnn", (96, 96, 3), 6, 1),
    ],
)
def test_networks_have_the_layers_they_are_named_for(name, shape, convolutions, dense):
    model = models.build(configured(f"model={name}").model, PLAIN, 7)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert model.input_shape == (None, *shape)
    assert (kinds.count("Conv2D"), kinds.count("Dense")) == (convolutions, dense)


def test_probabilities_sum_to_one_for_pictures_of_0_to_255():
    model = models.build(configured("model.size=16", "model.blocks=[[4]]").model, PLAIN, 3)
    p = model.predict(np.full((2, 16, 16, 3), 255, np.float32), verbose=0)
    assert p.sum(1) == pytest.approx([1, 1], abs=1e-6)
