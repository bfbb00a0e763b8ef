"""Networks learned from faces: ResNet50 and SENet50 (VGGFace2), VGG16 (VGGFace), with a head of our own.

Batch normalisation of frozen layers uses the statistics it was learned with, and they do not change: in Keras 3 a
BatchNormalization layer with trainable=False runs in inference mode, whatever the model is called with. The study
trained with TensorFlow's Keras 2, where that has been so since TensorFlow 2.0 (before, with Keras 2 alone, a frozen
layer normalised by the statistics of each batch while training, and what it had learned with was used in tests only).
So the study's frozen layers, up to conv4, did what ours do; its trained ones, conv5, learned new statistics, and ours
do.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from fer_exp.config.model import Preprocessing, VGGFaceConfig
from fer_exp.models import keras_vggface, pretrained

OFFLINE = (
    "or give its path as model.weights=FILE, or start from random weights with model.weights=null model.finetune=all"
)
APPLICATIONS = {"resnet50": keras.applications.ResNet50, "vgg16": keras.applications.VGG16}


def weights_file(cfg: VGGFaceConfig) -> Path | None:
    """Return what fer_exp.models.weights_file asks for; `vggface` is kept in Keras's folder, as the package does."""
    assert cfg.weights is not None  # checked by fer_exp.models.weights_file
    if cfg.weights == "vggface":
        name, address, folder = keras_vggface.weights_address(cfg.backbone)
        return pretrained.fetch(name, address, pretrained.keras_folder() / folder, OFFLINE)
    return None if cfg.weights == "imagenet" else Path(cfg.weights).expanduser()


def backbone(cfg: VGGFaceConfig, file: Path | None) -> keras.Model:
    """Build what fer_exp.models.backbone asks for.

    The features of 224x224 pixels are (1, 1, 2048) for the ResNets, (7, 7, 512) for vgg16.

    Raises:
        UserError: the file does not hold this network's weights.
    """
    if cfg.weights == "imagenet":
        base = imagenet(cfg)
    else:
        base = keras_vggface.network(cfg.backbone, cfg.size)
        if file is not None:
            pretrained.load(base, file)
    pretrained.freeze(base, cfg.finetune, lambda: first_trainable(base, cfg.trainable_from))
    inputs = keras.Input((cfg.size, cfg.size, 3), name="pixels")
    x = keras.ops.flip(inputs, axis=-1)
    x = keras.layers.Normalization(mean=means(cfg).tolist(), variance=[1.0] * 3, name="minus_mean")(x)
    return keras.Model(inputs, base(x), name="backbone")


def imagenet(cfg: VGGFaceConfig) -> keras.Model:
    """Return Keras's own network of that name, learned from ImageNet, with the same last feature map.

    Raises:
        UserError: its weights cannot be fetched.
    """
    shape = (cfg.size, cfg.size, 3)
    build = APPLICATIONS[cfg.backbone]
    base = pretrained.with_imagenet(lambda: build(include_top=False, weights="imagenet", input_shape=shape))
    if cfg.backbone == "resnet50":
        base = keras.Model(base.inputs, keras.layers.AveragePooling2D(7, name="avg_pool")(base.output))
    return base


def means(cfg: VGGFaceConfig) -> np.ndarray:
    """Return what is subtracted from blue, green and red, (3,) float32: the mean over the pictures learned from.

    `vggface1` and `vggface2` are the package's preprocess_input: version 1 belongs to vgg16 (VGGFace), version 2 to
    resnet50 and senet50 (VGGFace2). `imagenet` is keras.applications.resnet.preprocess_input, which study A used
    with VGGFace2 weights all the same. `auto` is what the weights were learned with.
    """
    kind = cfg.preprocessing
    if kind is Preprocessing.auto and cfg.weights == "imagenet":
        kind = Preprocessing.imagenet
    black = np.zeros((1, 1, 1, 3), np.float32)
    if kind is Preprocessing.imagenet:
        preprocessed: np.ndarray = keras.applications.resnet.preprocess_input(black)
    else:
        version = {"vggface1": 1, "vggface2": 2}.get(kind.value, 1 if cfg.backbone == "vgg16" else 2)
        preprocessed = keras_vggface.preprocess_input(black, version)
    mean: np.ndarray = -preprocessed[0, 0, 0]
    return mean


def first_trainable(base: keras.Model, block: str) -> int:
    """Return the position of a block's first layer.

    From conv5 on these are the last 33 layers of resnet50, 54 of senet50 and 4 of vgg16, as in study A.
    """
    # Keras's own vgg16 says block5 where the others say conv5
    return [layer.name.replace("block", "conv", 1).split("_")[0] for layer in base.layers].index(block)
