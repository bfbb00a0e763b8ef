"""Grad-CAM on networks whose answer is known."""

import keras
import numpy as np
import pytest

from fer_exp.evaluation import gradcam


def known():
    """Class 0 is the mean red, class 1 the mean green, through a 1x1 convolution that passes colours on."""
    inputs = keras.Input((4, 4, 3))
    x = keras.layers.Conv2D(3, 1, use_bias=False, name="colours")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(2, use_bias=False)(x)
    model = keras.Model(inputs, keras.layers.Activation("softmax")(x))
    model.get_layer("colours").set_weights([np.eye(3, dtype="float32").reshape(1, 1, 3, 3)])
    model.layers[-2].set_weights([np.array([[1, 0], [0, 1], [0, 0]], "float32")])
    return model


@pytest.fixture
def picture():
    """Red in the top left corner, green in the bottom right one."""
    found = np.zeros((1, 4, 4, 3), "float32")
    found[0, 0, 0, 0] = found[0, 3, 3, 1] = 200
    return found


def test_the_heat_is_where_the_class_is(picture):
    both = gradcam.heatmaps(known(), np.repeat(picture, 2, 0), np.array([0, 1]))
    for heat, place in zip(both, [(0, 0), (3, 3)], strict=True):
        expected = np.zeros((4, 4))
        expected[place] = 1
        assert heat == pytest.approx(expected)


def test_what_speaks_against_a_class_is_cold(picture):
    model = known()
    model.layers[-2].set_weights([np.array([[-1, 0], [0, 1], [0, 0]], "float32")])
    assert gradcam.heatmaps(model, picture, np.array([0])).max() == 0


def test_the_two_halves_are_the_network(picture):
    below, above = gradcam.split_at_last_map(known())
    assert np.asarray(above(below(picture))) == pytest.approx(np.array([[12.5, 12.5]]))


def test_a_network_of_networks_is_split_inside_and_its_augmentation_rests(picture):
    keras.utils.set_random_seed(0)
    whole = known()
    base = keras.Model(whole.inputs, whole.get_layer("colours").output, name="base")
    features = keras.Input((4, 4, 3))
    x = keras.layers.Flatten()(features)
    head = keras.Model(features, keras.layers.Activation("softmax")(keras.layers.Dense(2)(x)), name="head")
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, head(base(keras.layers.RandomFlip("horizontal", seed=0)(inputs))))
    below, above = gradcam.split_at_last_map(model)
    assert np.asarray(below(picture)) == pytest.approx(picture)
    scores = np.asarray(above(below(picture)))
    probabilities = np.asarray(keras.ops.softmax(scores))  # exp alone overflows for scores of bright pixels
    assert probabilities == pytest.approx(model.predict(picture, verbose=0), abs=1e-5)


def test_a_network_without_a_map_is_refused():
    with pytest.raises(ValueError, match="has no feature map"):
        inputs = keras.Input((4,))
        gradcam.split_at_last_map(keras.Model(inputs, keras.layers.Dense(2)(inputs)))
