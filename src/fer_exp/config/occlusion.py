"""The typed schema of conf/occlusion/*.yaml. It imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer_exp.errors import ConfigError


class Missing(Enum):
    """The cover of a face without usable landmarks."""

    typical = "typical"
    frame = "frame"
    skip = "skip"


class Fill(Enum):
    """What a network sees where the occluder is: its colour, or a guess from what is visible around it."""

    color = "color"
    mean = "mean"
    inpaint = "inpaint"


@dataclass
class OcclusionConfig:
    """Keys that every occluder has. `kind` is the module in fer_exp.occlusion that shapes it."""

    name: str = MISSING
    kind: str = MISSING
    missing: Missing = Missing.typical
    scale: float = 1.0
    shift: list[float] = field(default_factory=lambda: [0.0, 0.0])
    jitter: float = 0.0
    seed: int = 0
    color: list[int] = field(default_factory=lambda: [0, 0, 0])
    noise: int = 0
    fill: Fill = Fill.color

    def __post_init__(self) -> None:
        _check_size("scale", self.scale)
        if len(self.shift) != 2 or not all(abs(s) <= 2 for s in self.shift):
            raise ConfigError(
                f"occlusion.shift={self.shift}: must be two values from -2 to 2 (along the eyes, to the chin)"
            )
        if not 0 <= self.jitter <= 1:
            raise ConfigError(f"occlusion.jitter={self.jitter}: must be from 0 to 1")
        if self.seed < 0:
            raise ConfigError(f"occlusion.seed={self.seed}: must be 0 or more")
        if not 0 <= self.noise <= 255:
            raise ConfigError(f"occlusion.noise={self.noise}: must be from 0 to 255")
        if len(self.color) != 3 or not all(0 <= c <= 255 for c in self.color):
            raise ConfigError(f"occlusion.color={self.color}: must be three values (red, green, blue) from 0 to 255")


@dataclass
class HeadsetConfig(OcclusionConfig):
    """A headset's front as a rotated rectangle, in units of the face's width |l0 - l16|."""

    width: float = 1.0
    aspect: float = 105 / 224

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_size("width", self.width)
        _check_size("aspect", self.aspect)


@dataclass
class MeasuredHeadsetConfig(OcclusionConfig):
    """A headset's front in millimetres, on faces that are `face_mm` wide."""

    width_mm: float = MISSING
    height_mm: float = MISSING
    face_mm: float = 139.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("width_mm", "height_mm", "face_mm"):
            if not 10 <= getattr(self, key) <= 1000:
                raise ConfigError(f"occlusion.{key}={getattr(self, key)}: must be 10 to 1000 millimetres")


@dataclass
class SunglassesConfig(OcclusionConfig):
    """Sunglasses, with sizes in widths of the face, |l0 - l16|."""

    width: float = 0.36
    height: float = 0.29
    bridge: float = 0.06

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("width", "height", "bridge"):
            _check_size(key, getattr(self, key))


@dataclass
class SurgicalMaskConfig(OcclusionConfig):
    """A surgical mask, whose shape the landmarks alone determine."""


@dataclass
class RandomPatchConfig(OcclusionConfig):
    """A random patch: ranges of its share of the face's box, and of its height divided by its width."""

    area: list[float] = field(default_factory=lambda: [0.1, 0.4])
    aspect: list[float] = field(default_factory=lambda: [0.3, 3.33])

    def __post_init__(self) -> None:
        super().__post_init__()
        for key, most in (("area", 1), ("aspect", 100)):
            values = getattr(self, key)
            if len(values) != 2 or not 0 < values[0] <= values[1] <= most:
                raise ConfigError(f"occlusion.{key}={values}: must be two rising values above 0, at most {most}")


def _check_size(key: str, value: float) -> None:
    """Raise ConfigError unless 0 < value <= 5."""
    if not 0 < value <= 5:
        raise ConfigError(f"occlusion.{key}={value}: must be above 0 and at most 5")


def with_changes(occlusion: OcclusionConfig, changes: Mapping[str, Any]) -> OcclusionConfig:
    """Return an occluder with other values of some of its keys.

    Raises:
        ConfigError: it has no such key, or the value is impossible.
    """
    try:
        changed = OmegaConf.merge(OmegaConf.structured(occlusion), dict(changes))
        return cast("OcclusionConfig", OmegaConf.to_object(changed))
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"occlusion.{', occlusion.'.join(changes)} of {occlusion.name}: {reason}") from error


SCHEMAS: dict[str, type] = {
    "headset": HeadsetConfig,
    "measured_headset": MeasuredHeadsetConfig,
    "sunglasses": SunglassesConfig,
    "surgical_mask": SurgicalMaskConfig,
    "random_patch": RandomPatchConfig,
}
