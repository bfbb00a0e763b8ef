"""Random changes of training pictures, as layers of the model: saved with it, idle outside training."""

from __future__ import annotations

import keras

from fer_exp.config.augmentation import AugmentationConfig


def layers(cfg: AugmentationConfig) -> list[keras.Layer]:
    """Return the layers asked for, in study A's order (flip, rotation, brightness, contrast, zoom), for 0..255."""
    chosen: list[keras.Layer] = []
    # one layer for both axes would throw one coin for them and never mirror: Keras 2 threw two
    for axis in cfg.flip.split("_and_") if cfg.flip else ():
        chosen.append(keras.layers.RandomFlip(axis, name=f"flip_{axis}"))
    if cfg.rotation:
        chosen.append(keras.layers.RandomRotation(cfg.rotation, fill_mode=cfg.fill, name="rotation"))
    if cfg.brightness:
        chosen.append(keras.layers.RandomBrightness(cfg.brightness, name="brightness"))
    if cfg.contrast:
        # one number would mean 1 to 1 + contrast
        chosen.append(keras.layers.RandomContrast((cfg.contrast, cfg.contrast), name="contrast"))
    if cfg.zoom:
        chosen.append(keras.layers.RandomZoom(cfg.zoom, fill_mode=cfg.zoom_fill, name="zoom"))
    return chosen
