"""Study A's networks: what they are made of, what learns, what pixels become."""

import keras
import numpy as np
import pytest
from configs import PLAIN, configured

from fer_exp import models
from fer_exp.models import keras_vggface, vggface


def built(*words, classes=8):
    cfg = configured(*words, "model.weights=null").model
    base = models.backbone(cfg, None)
    return base, models.build(cfg, PLAIN, classes, base)


def inner(base):
    """The network inside the preprocessing."""
    return next(layer for layer in base.layers if isinstance(layer, keras.Model))


@pytest.mark.parametrize(
    "backbone, parameters, last, first_name, whole",
    [
        ("resnet50", 23_561_152, 33, "conv5_1_1x1_reduce", 23_561_152 + 2_098_176 + 8_200),
        ("senet50", 26_092_144, 54, "conv5_1_1x1_reduce", 26_092_144 + 2_098_176 + 8_200),
        ("vgg16", 14_714_688, 4, "conv5_1", 14_714_688 + 25_088 * 256 + 256 + 256 * 8 + 8),
    ],
)
def test_parameters_and_which_layers_learn_are_the_studys(backbone, parameters, last, first_name, whole):
    base, model = built(f"model={backbone}")
    layers = inner(base).layers
    assert base.count_params() == parameters
    assert model.count_params() == whole
    assert [layer.trainable for layer in layers] == [False] * (len(layers) - last) + [True] * last
    assert layers[-last].name == first_name


def test_finetune_none_and_all():
    head = 2_098_176 + 8_200
    for finetune, learning in (("none", head), ("all", 25_614_408)):
        _, model = built("model=resnet50", f"model.finetune={finetune}")
        assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == learning


def test_layers_learn_from_any_block_on():
    base, _ = built("model=vgg16", "model.size=48", "model.trainable_from=conv4")
    assert next(layer.name for layer in inner(base).layers if layer.trainable) == "conv4_1"


def test_kerass_own_networks_have_the_same_last_map_and_blocks(monkeypatch):
    offline = lambda application: lambda weights, **options: application(weights=None, **options)  # noqa: E731
    monkeypatch.setattr(vggface, "APPLICATIONS", {k: offline(v) for k, v in vggface.APPLICATIONS.items()})
    for backbone, shape, first in (("resnet50", (1, 1, 2048), "conv5_block1_1_conv"), ("vgg16", (7, 7, 512), "block5")):
        cfg = configured(f"model={backbone}", "model.weights=imagenet").model
        base = models.backbone(cfg, models.weights_file(cfg))
        assert base.output_shape == (None, *shape)
        names = [layer.name for layer in inner(base).layers if layer.trainable]
        assert names[0].startswith(first)


@pytest.mark.parametrize(
    "words, expected",
    [
        (["model=resnet50"], lambda x: keras_vggface.preprocess_input(x, 2)),
        (["model=senet50"], lambda x: keras_vggface.preprocess_input(x, 2)),
        (["model=vgg16"], lambda x: keras_vggface.preprocess_input(x, 1)),
        (["model=vgg16", "model.preprocessing=vggface2"], lambda x: keras_vggface.preprocess_input(x, 2)),
        (["model=resnet50", "model.preprocessing=imagenet"], keras.applications.resnet.preprocess_input),
        (["experiment=study_a/normal", "dataset.root=."], keras.applications.resnet.preprocess_input),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_preprocessing_is_the_packages_or_the_studys(words, expected):
    base, _ = built(*words)
    before = keras.Model(base.inputs, base.get_layer("minus_mean").output)
    picture = np.random.default_rng(0).uniform(0, 255, (1, *base.input_shape[1:])).astype("float32")
    assert before.predict(picture, verbose=0) == pytest.approx(expected(picture.copy()), abs=1e-4)


@pytest.mark.slow
def test_frozen_layers_normalise_as_in_prediction_and_cost_no_optimizer_memory():
    base, model = built("model=resnet50", "model.size=197", "model.head.dense=[]", classes=3)
    norms = [layer for layer in inner(base).layers if isinstance(layer, keras.layers.BatchNormalization)]
    frozen, learning = ([n for n in norms if n.trainable is state] for state in (False, True))
    before = {n.name: [np.array(w) for w in n.get_weights()] for n in norms}
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", jit_compile=False)
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 197, 197, 3)).astype("float32")
    model.train_on_batch(pictures, np.array([0, 1]))

    assert len(frozen) == 43
    assert len(learning) == 10
    for norm in frozen:
        assert all((a == b).all() for a, b in zip(before[norm.name], norm.get_weights(), strict=True))
    for norm in learning:
        assert any((a != b).any() for a, b in zip(before[norm.name], norm.get_weights(), strict=True))
    # told to train or not, what is frozen computes the same
    below = keras.Model(inner(base).inputs, frozen[-1].output)
    assert (np.asarray(below([pictures], training=True)) == np.asarray(below([pictures], training=False))).all()
    slots = sum(int(np.prod(v.shape)) for v in model.optimizer.variables)
    learned = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert slots == pytest.approx(2 * learned, abs=10)


def test_a_saved_network_predicts_the_same(tmp_path):
    from fer_exp.training.checkpoints import load, save

    _, model = built("model=vgg16", "model.size=48", classes=3)
    save(model, tmp_path / "model.keras")
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 48, 48, 3)).astype("float32")
    assert (load(tmp_path / "model.keras").predict(pictures, verbose=0) == model.predict(pictures, verbose=0)).all()
