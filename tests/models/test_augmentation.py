import keras
import numpy as np
import pytest
from configs import configured

from fer_exp import models
from fer_exp.models.augmentation import layers

N, SIDE = 2000, 65


def test_augmentation_of_study_a_is_its_five_changes_in_order_before_the_rescaling():
    cfg = configured("augmentation=study", "model.size=16", "model.blocks=[[4]]")
    kinds = [type(layer).__name__ for layer in models.build(cfg.model, cfg.augmentation, 3).layers]
    assert kinds[1:8] == [
        "RandomFlip",
        "RandomFlip",
        "RandomRotation",
        "RandomBrightness",
        "RandomContrast",
        "RandomZoom",
        "Rescaling",
    ]


def test_augmentation_is_idle_in_prediction():
    cfg = configured("augmentation=study", "model.size=16", "model.blocks=[[4]]")
    model = models.build(cfg.model, cfg.augmentation, 3)
    picture = np.random.default_rng(0).uniform(0, 255, (1, 16, 16, 3)).astype("float32")
    assert (model(picture, training=False) == model(picture, training=False)).numpy().all()
    assert (model(picture, training=True) != model(picture, training=True)).numpy().any()


def changed(layer, picture):
    """What a layer makes of N copies of a picture (h, w), float32 (N, h, w)."""
    batch = np.repeat(picture[None, :, :, None].astype("float32"), N, 0)
    return np.asarray(layer(batch, training=True))[..., 0]


def dots(*places):
    """A dark picture with round bright dots at these places, in pixels from the middle (x, y)."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    return sum(255 * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 8) for a, b in places)


def centre_of(pictures):
    """Centres of brightness in pixels from the middle, (N, 2): x, y."""
    y, x = np.mgrid[: pictures.shape[1], : pictures.shape[2]] - SIDE // 2
    weight = pictures.sum((1, 2))
    return np.stack([(pictures * x).sum((1, 2)) / weight, (pictures * y).sum((1, 2)) / weight], 1)


def forms(layer):
    """The share of pictures that stay, are mirrored, are upside down, and both."""
    corners = changed(layer, np.array([[1, 2], [3, 4]]))
    return np.array([(corners[:, 0, 0] == first).mean() for first in (1, 2, 3, 4)])


def added(layer):
    """What is added to each picture's pixels, as a share of 255."""
    return (changed(layer, np.full((4, 4), 127.5)) - 127.5)[:, 0, 0] / 255


def steepened(layer):
    """By what each picture's distances from its mean are multiplied."""
    both = changed(layer, np.array([[100.0, 155.0], [100.0, 155.0]]))
    return (both[:, 0, 1] - both[:, 0, 0]) / 55


def turned(layer):
    """By which share of a full turn each picture is turned."""
    x, y = centre_of(changed(layer, dots((18, 0)))).T
    return np.arctan2(y, x) / (2 * np.pi)


def zoomed(layer):
    """By which share each picture shows more, below 0 less, than before."""
    pictures = changed(layer, dots((14, 0), (-14, 0)))
    right, left = pictures[:, :, SIDE // 2 :].copy(), pictures[:, :, : SIDE // 2].copy()
    distance = centre_of(right)[:, 0] + SIDE // 2 - centre_of(left)[:, 0]
    return 28 / distance - 1


MEASURES = {"rotation": turned, "brightness": added, "contrast": steepened, "zoom": zoomed}
MIDDLE = {"rotation": 0, "brightness": 0, "contrast": 1, "zoom": 0}


def layer_of(option, key):
    cfg = configured(f"augmentation={option}").augmentation
    (layer,) = (layer for layer in layers(cfg) if layer.name == key)
    keras.utils.set_random_seed(0)
    return layer, getattr(cfg, key)


@pytest.mark.parametrize("option", ["light", "study"])
@pytest.mark.parametrize("key", MEASURES)
def test_each_key_draws_evenly_from_the_range_that_its_comment_says(option, key):
    layer, strength = layer_of(option, key)
    drawn = MEASURES[key](layer) - MIDDLE[key]
    slack = 0.012 if key in ("zoom", "rotation") else 1e-5  # pixels end somewhere
    assert np.abs(drawn).max() <= strength + slack
    assert drawn.min() < -0.95 * strength and drawn.max() > 0.95 * strength
    assert np.abs(drawn.mean()) < 0.06 * strength  # 4 standard errors of an even draw are .052
    assert drawn.std() == pytest.approx(strength / np.sqrt(3), rel=0.08)


def test_a_flip_is_every_second_picture_and_of_both_axes_each_form_is_a_quarter():
    def shares(option):
        keras.utils.set_random_seed(0)
        cfg = configured(f"augmentation={option}").augmentation
        return forms(keras.Sequential([layer for layer in layers(cfg) if layer.name.startswith("flip")]))

    assert shares("light") == pytest.approx([0.5, 0.5, 0, 0], abs=0.04)
    assert shares("study") == pytest.approx([0.25] * 4, abs=0.04)


def one_by_one(layer):
    """The same for each picture of a batch alone, of the first 500."""
    return lambda batch, training: np.concatenate([layer(picture[None], training=training) for picture in batch[:500]])


@pytest.mark.slow
def test_the_study_is_augmented_as_under_keras_2():
    import tf_keras

    tf_keras.utils.set_random_seed(0)
    old = {
        "rotation": tf_keras.layers.RandomRotation(0.1),
        "brightness": tf_keras.layers.RandomBrightness(0.2),
        "contrast": one_by_one(tf_keras.layers.RandomContrast(0.2)),  # it drew once for a whole batch
        "zoom": tf_keras.layers.RandomZoom(0.3, fill_mode="constant"),
    }
    for key, measure in MEASURES.items():
        theirs, ours = measure(old[key]), measure(layer_of("study", key)[0])
        ranks = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]
        width = float(np.ptp(theirs))
        assert np.quantile(ours, ranks) == pytest.approx(np.quantile(theirs, ranks), abs=0.05 * width), key
    assert forms(tf_keras.layers.RandomFlip("horizontal_and_vertical")) == pytest.approx([0.25] * 4, abs=0.04)
