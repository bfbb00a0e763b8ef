"""Networks of keras.applications: small ones, made for telephones, with a head of our own."""

from __future__ import annotations

from pathlib import Path

import keras

from fer_exp.config.model import ApplicationsConfig
from fer_exp.errors import ConfigError
from fer_exp.models import pretrained

NETWORKS = {"mobilenet_v2": keras.applications.MobileNetV2, "efficientnet_b0": keras.applications.EfficientNetB0}
MINUS_ONE_TO_ONE = ("mobilenet_v2",)  # the pixels it learned from; efficientnet_b0 rescales 0..255 itself


def weights_file(cfg: ApplicationsConfig) -> Path | None:
    """Return what fer_exp.models.weights_file asks for; Keras keeps `imagenet` in its own folder."""
    assert cfg.weights is not None  # checked by fer_exp.models.weights_file
    return None if cfg.weights == "imagenet" else Path(cfg.weights).expanduser()


def backbone(cfg: ApplicationsConfig, file: Path | None) -> keras.Model:
    """Build what fer_exp.models.backbone asks for; its features are means over places, (1, 1, 1280).

    Raises:
        UserError: `imagenet` cannot be fetched, or the file does not hold this network's weights.
        ConfigError: no layer's name begins with `model.trainable_from`.
    """
    shape = (cfg.size, cfg.size, 3)
    build = NETWORKS[cfg.network]
    if cfg.weights == "imagenet":
        network = pretrained.with_imagenet(lambda: build(include_top=False, weights="imagenet", input_shape=shape))
    else:
        network = build(include_top=False, weights=None, input_shape=shape)
        if file is not None:
            pretrained.load(network, file)
    pretrained.freeze(network, cfg.finetune, lambda: first_trainable(network, cfg))
    inputs = keras.Input(shape, name="pixels")
    x = inputs
    if cfg.network in MINUS_ONE_TO_ONE:
        x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(x)
    features = keras.layers.GlobalAveragePooling2D(keepdims=True, name="mean")(network(x))
    return keras.Model(inputs, features, name="backbone")


def first_trainable(network: keras.Model, cfg: ApplicationsConfig) -> int:
    """Return the position of the first layer whose name begins with `cfg.trainable_from`.

    Raises:
        ConfigError: there is none.
    """
    names = [layer.name for layer in network.layers]
    for k, name in enumerate(names):
        if name.startswith(cfg.trainable_from):
            return k
    raise ConfigError(
        f"model.trainable_from={cfg.trainable_from}: no layer of {cfg.network} begins so; its layers: "
        f"{', '.join(names[1:4])}, ..., {', '.join(names[-3:])}"
    )
