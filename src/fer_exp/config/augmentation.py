"""The typed schema of conf/augmentation/*.yaml. It imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from fer_exp.errors import ConfigError


@dataclass
class AugmentationConfig:
    """Strength of each layer, applied in the order of these keys to pixels 0..255; null switches it off."""

    name: str = MISSING
    flip: str | None = None
    rotation: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    zoom: float | None = None
    fill: str = "reflect"
    zoom_fill: str = "reflect"

    def __post_init__(self) -> None:
        flips = ("horizontal", "vertical", "horizontal_and_vertical")
        if self.flip is not None and self.flip not in flips:
            raise ConfigError(f"augmentation.flip={self.flip}: must be one of {', '.join(flips)}, or null")
        for key in ("rotation", "brightness", "contrast", "zoom"):
            value = getattr(self, key)
            if value is not None and not 0 < value <= 1:
                raise ConfigError(f"augmentation.{key}={value}: must be above 0 and at most 1, or null")
        fills = ("constant", "reflect", "wrap", "nearest")
        for key in ("fill", "zoom_fill"):
            if getattr(self, key) not in fills:
                raise ConfigError(f"augmentation.{key}={getattr(self, key)}: must be one of {', '.join(fills)}")
