"""What conf/occlusion/*.yaml may say. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from omegaconf import MISSING

from fer_exp.errors import ConfigError


class Missing(Enum):
    """What covers a face without usable landmarks."""

    typical = "typical"
    frame = "frame"
    skip = "skip"


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

    def __post_init__(self):
        positive("scale", self.scale)
        if len(self.shift) != 2 or not all(abs(s) <= 2 for s in self.shift):
            raise ConfigError(f"occlusion.shift={self.shift}: two values (along the eyes, to the chin) from -2 to 2")
        if not 0 <= self.jitter <= 1:
            raise ConfigError(f"occlusion.jitter={self.jitter}: from 0 to 1")
        if self.seed < 0:
            raise ConfigError(f"occlusion.seed={self.seed}: 0 or more")
        if not 0 <= self.noise <= 255:
            raise ConfigError(f"occlusion.noise={self.noise}: from 0 to 255")
        if len(self.color) != 3 or not all(0 <= c <= 255 for c in self.color):
            raise ConfigError(f"occlusion.color={self.color}: three values (red, green, blue) from 0 to 255")


@dataclass
class HeadsetConfig(OcclusionConfig):
    """A headset's front as a rotated rectangle, in units of the face's width |l0 - l16|."""

    width: float = 1.0
    aspect: float = 105 / 224

    def __post_init__(self):
        super().__post_init__()
        positive("width", self.width)
        positive("aspect", self.aspect)


@dataclass
class MeasuredHeadsetConfig(OcclusionConfig):
    """A headset's front in millimetres, on faces `face_mm` broad."""

    width_mm: float = MISSING
    height_mm: float = MISSING
    face_mm: float = 139.0

    def __post_init__(self):
        super().__post_init__()
        for key in ("width_mm", "height_mm", "face_mm"):
            if not 10 <= getattr(self, key) <= 1000:
                raise ConfigError(f"occlusion.{key}={getattr(self, key)}: 10 to 1000 millimetres")


@dataclass
class SunglassesConfig(OcclusionConfig):
    """Sizes in widths of the face, |l0 - l16|."""

    width: float = 0.36
    height: float = 0.29
    bridge: float = 0.06

    def __post_init__(self):
        super().__post_init__()
        for key in ("width", "height", "bridge"):
            positive(key, getattr(self, key))


@dataclass
class SurgicalMaskConfig(OcclusionConfig):
    """The landmarks say all of its shape."""


@dataclass
class RandomPatchConfig(OcclusionConfig):
    """Ranges of the patch's share of the face's box, and of its height by its width."""

    area: list[float] = field(default_factory=lambda: [0.1, 0.4])
    aspect: list[float] = field(default_factory=lambda: [0.3, 3.33])

    def __post_init__(self):
        super().__post_init__()
        for key, most in (("area", 1), ("aspect", 100)):
            values = getattr(self, key)
            if len(values) != 2 or not 0 < values[0] <= values[1] <= most:
                raise ConfigError(f"occlusion.{key}={values}: two values, above 0, rising, at most {most}")


def positive(key: str, value: float) -> None:
    """Raise ConfigError unless 0 < value <= 5."""
    if not 0 < value <= 5:
        raise ConfigError(f"occlusion.{key}={value}: above 0 and at most 5")


SCHEMAS: dict[str, type] = {
    "headset": HeadsetConfig,
    "measured_headset": MeasuredHeadsetConfig,
    "sunglasses": SunglassesConfig,
    "surgical_mask": SurgicalMaskConfig,
    "random_patch": RandomPatchConfig,
}
