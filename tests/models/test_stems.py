import keras
import numpy as np
import pytest

from fer_exp.models import BACKBONE, HEAD, stems


def build(frozen):
    """A backbone around a network of two residual blocks, of which the first `frozen` layers learn nothing; a head."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    x = inputs = keras.Input((8, 8, 1), name="in")
    for block in ("one", "two"):
        side = layers.Conv2D(4, 1, name=f"{block}_side")(x)
        x = layers.Conv2D(4, 3, padding="same", name=f"{block}_conv")(x)
        x = layers.BatchNormalization(name=f"{block}_norm")(x)
        x = layers.Add(name=f"{block}_add")([x, side])
    inside = keras.Model(inputs, x, name="inside")
    names = [layer.name for layer in inside.layers]
    for layer in inside.layers[: names.index(frozen) if frozen in names else len(names)]:
        layer.trainable = frozen is None
    pixels = keras.Input((8, 8, 1), name="pixels")
    y = inside(layers.Rescaling(1 / 255, name="rescale")(pixels))
    base = keras.Model(pixels, layers.AveragePooling2D(2, name="pool")(y), name=BACKBONE)
    features = keras.Input(base.output_shape[1:])
    scores = layers.Dense(3, activation="softmax")(layers.Flatten()(features))
    face = keras.Input((8, 8, 1), name="face")
    turned = layers.RandomFlip("horizontal")(face)
    return base, keras.Model(face, keras.Model(features, scores, name=HEAD)(base(turned)))


@pytest.mark.parametrize(
    ("frozen", "cut"),
    [
        ("two_conv", "one_add"),
        ("two_add", stems.WHOLE),
        ("two_norm", "one_add"),
        ("nothing", stems.WHOLE),
        (None, None),
    ],
)
def test_a_stem_ends_where_all_passes_through_one_layer_before_what_learns(frozen, cut):
    assert stems.find_cut(build(frozen)[0]) == cut


@pytest.mark.parametrize("frozen", ["two_conv", "all"])
def test_stem_and_rest_are_the_network_and_share_its_weights(frozen, tmp_path):
    base, network = build(frozen)
    cut = stems.find_cut(base)
    stem, rest = stems.stem_of(base, cut), stems.rest_of(network, cut)
    pictures = np.random.default_rng(0).uniform(0, 255, (5, 8, 8, 1)).astype(np.float32)
    expected = network.predict_on_batch(pictures)
    assert (rest.predict_on_batch(stem.predict_on_batch(pictures)) == expected).all()
    assert not stem.trainable_weights
    assert {id(w) for w in rest.trainable_weights} == {id(w) for w in network.trainable_weights}
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False)
    assert stems.find_cut(loaded.get_layer(BACKBONE)) == cut  # what is frozen is kept with a checkpoint
    again = stems.rest_of(loaded, cut).predict_on_batch(stem.predict_on_batch(pictures))
    assert (again == expected).all()
