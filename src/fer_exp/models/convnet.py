"""Plain convolutional networks: blocks of convolutions, max pooling, dense layers."""

from __future__ import annotations

import keras

from fer_exp.config.model import ConvNetConfig


def network(cfg: ConvNetConfig, x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """Return class scores (batch, classes) of pictures (batch, size, size, channels) in 0..255.

    Each block is its convolutions (with batch normalisation if asked for, then relu), 2x2 max pooling and dropout;
    the last block is pooled only if `pool_last`. Then flatten, hidden dense layers, dropout, the classifier.
    """
    x = keras.layers.Rescaling(1 / 255, name="rescale")(x)
    stride = cfg.first_stride
    for b, block in enumerate(cfg.blocks, 1):
        for c, filters in enumerate(block, 1):
            x = keras.layers.Conv2D(
                filters,
                cfg.kernel,
                strides=stride,
                padding=cfg.padding.value,
                use_bias=not cfg.batch_norm,
                name=f"conv{b}_{c}",
            )(x)
            stride = 1
            if cfg.batch_norm:
                x = keras.layers.BatchNormalization(momentum=cfg.batch_norm_momentum, name=f"conv{b}_{c}_bn")(x)
            x = keras.layers.Activation("relu", name=f"conv{b}_{c}_relu")(x)
        if b < len(cfg.blocks) or cfg.pool_last:
            x = keras.layers.MaxPooling2D(name=f"pool{b}")(x)
        if cfg.block_dropout:
            x = keras.layers.Dropout(cfg.block_dropout, name=f"drop{b}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    for d, units in enumerate(cfg.dense, 1):
        x = keras.layers.Dense(units, use_bias=not cfg.batch_norm, name=f"dense{d}")(x)
        if cfg.batch_norm:
            x = keras.layers.BatchNormalization(momentum=cfg.batch_norm_momentum, name=f"dense{d}_bn")(x)
        x = keras.layers.Activation("relu", name=f"dense{d}_relu")(x)
        if cfg.dropout:
            x = keras.layers.Dropout(cfg.dropout, name=f"dense{d}_drop")(x)
    if cfg.dropout and not cfg.dense:
        x = keras.layers.Dropout(cfg.dropout, name="drop")(x)
    return keras.layers.Dense(classes, name="scores")(x)
