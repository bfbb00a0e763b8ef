"""What conf/model/*.yaml and conf/augmentation/*.yaml may say. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from omegaconf import MISSING

from fer_exp.errors import ConfigError


class Padding(Enum):
    """Keras's words for the border of a convolution."""

    valid = "valid"
    same = "same"


@dataclass
class ModelConfig:
    """Keys that every model has. `kind` is the module in fer_exp.models that builds it."""

    name: str = MISSING
    kind: str = MISSING
    size: int = MISSING
    channels: int = 3

    def __post_init__(self):
        if not 8 <= self.size <= 1024:
            raise ConfigError(f"model.size={self.size}: 8 to 1024 pixels")
        if self.channels not in (1, 3):
            raise ConfigError(f"model.channels={self.channels}: 1 (grey) or 3 (colour)")


@dataclass
class ConvNetConfig(ModelConfig):
    """A plain convolutional network, block by block; see fer_exp.models.convnet."""

    blocks: list[list[int]] = field(default_factory=list)
    kernel: int = 3
    padding: Padding = Padding.same
    first_stride: int = 1
    pool_last: bool = True
    batch_norm: bool = True
    block_dropout: float = 0.0
    dense: list[int] = field(default_factory=list)
    dropout: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        if not self.blocks or not all(self.blocks) or min(map(min, self.blocks)) < 1:
            raise ConfigError(f"model.blocks={self.blocks}: filters per convolution, e.g. [[32],[64],[128,128]]")
        if any(units < 1 for units in self.dense):
            raise ConfigError(f"model.dense={self.dense}: units of each hidden dense layer, at least 1")
        for key in ("kernel", "first_stride"):
            if not 1 <= getattr(self, key) <= 11:
                raise ConfigError(f"model.{key}={getattr(self, key)}: 1 to 11")
        for key in ("dropout", "block_dropout"):
            if not 0 <= getattr(self, key) < 1:
                raise ConfigError(f"model.{key}={getattr(self, key)}: from 0 to below 1")


@dataclass
class AugmentationConfig:
    """Strength of each layer, applied in the order of these keys to pixels 0..255; null or "none": not at all."""

    name: str = MISSING
    flip: str | None = None
    rotation: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    zoom: float | None = None
    fill: str = "reflect"
    zoom_fill: str = "reflect"

    def __post_init__(self):
        flips = ("horizontal", "vertical", "horizontal_and_vertical")
        if self.flip is not None and self.flip not in flips:
            raise ConfigError(f"augmentation.flip={self.flip}: one of {', '.join(flips)} or null")
        for key in ("rotation", "brightness", "contrast", "zoom"):
            value = getattr(self, key)
            if value is not None and not 0 < value <= 1:
                raise ConfigError(f"augmentation.{key}={value}: above 0 and at most 1, or null")
        fills = ("constant", "reflect", "wrap", "nearest")
        for key in ("fill", "zoom_fill"):
            if getattr(self, key) not in fills:
                raise ConfigError(f"augmentation.{key}={getattr(self, key)}: one of {', '.join(fills)}")


SCHEMAS: dict[str, type] = {"convnet": ConvNetConfig}
