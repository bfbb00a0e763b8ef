import keras
import numpy as np
import pytest
from configs import PLAIN, configured

from fer_exp import models
from fer_exp.errors import ConfigError, UserError

NETWORKS = {"mobilenet_v2": "block_14_expand", "efficientnet_b0": "block6a_expand_conv"}
PICTURE = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype("float32")


def built(*words):
    cfg = configured("model.size=32", *words).model
    base = models.backbone(cfg, models.weights_file(cfg))
    return base, models.build(cfg, PLAIN, 7, base)


def network_in(base):
    return next(layer for layer in base.layers if isinstance(layer, keras.Model))


@pytest.mark.parametrize("name", NETWORKS)
def test_features_are_means_over_places_and_what_is_named_learns(name):
    base, model = built(f"model={name}", "model.weights=null")
    assert base.output_shape == (None, 1, 1, 1280)
    assert np.asarray(model(PICTURE, training=False)).sum() == pytest.approx(1)
    learning = [layer.name for layer in network_in(base).layers if layer.trainable]
    assert learning[0] == NETWORKS[name]
    frozen, _ = built(f"model={name}", "model.weights=null", "model.finetune=none")
    assert not frozen.trainable_weights


@pytest.mark.parametrize(("name", "low", "high"), [("mobilenet_v2", -1, 1), ("efficientnet_b0", 0, 255)])
def test_pixels_are_rescaled_to_what_the_network_learned_from(name, low, high):
    base, _ = built(f"model={name}", "model.weights=null")
    before = keras.Model(base.inputs, entering(base))
    ends = before.predict(np.stack([np.zeros((32, 32, 3)), np.full((32, 32, 3), 255.0)]), verbose=0)
    assert (ends[0].mean(), ends[1].mean()) == pytest.approx((low, high))


def entering(base):
    """What enters the network in a backbone."""
    position = base.layers.index(network_in(base))
    return base.layers[position - 1].output


@pytest.mark.slow
def test_a_file_of_keras_2_gives_the_same_features(tmp_path):
    import tf_keras

    tf_keras.utils.set_random_seed(0)
    theirs = tf_keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    theirs.save_weights(tmp_path / "net.h5")
    base, _ = built("model=mobilenet_v2", f"model.weights={tmp_path}/net.h5")
    expected = theirs(PICTURE / 127.5 - 1, training=False).numpy().mean((1, 2))
    assert np.asarray(base(PICTURE, training=False))[:, 0, 0] == pytest.approx(expected, abs=1e-5)


def test_what_cannot_be_is_said(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match=r"no layer of mobilenet_v2 begins so; its layers: Conv1"):
        built("model=mobilenet_v2", "model.weights=null", "model.trainable_from=conv5")
    with pytest.raises(ConfigError, match=r"model\.network=resnet: must be one of"):
        built("model=mobilenet_v2", "model.network=resnet")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def no_network(**options):
        raise Exception("URL fetch failure -- Name or service not known")  # as get_file does

    from fer_exp.models import applications

    monkeypatch.setitem(applications.NETWORKS, "mobilenet_v2", no_network)
    with pytest.raises(UserError, match=r"cannot fetch model\.weights=imagenet \(Name or service not known\)"):
        built("model=mobilenet_v2")
