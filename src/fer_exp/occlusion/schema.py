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
    color: list[int] = field(default_factory=lambda: [0, 0, 0])

    def __post_init__(self):
        if not 0 < self.scale <= 5:
            raise ConfigError(f"occlusion.scale={self.scale}: above 0 and at most 5")
        if len(self.color) != 3 or not all(0 <= c <= 255 for c in self.color):
            raise ConfigError(f"occlusion.color={self.color}: three values (red, green, blue) from 0 to 255")


@dataclass
class HeadsetConfig(OcclusionConfig):
    """A headset's front as a rotated rectangle, in units of the face's width |l0 - l16|."""

    width: float = 1.0
    aspect: float = 105 / 224

    def __post_init__(self):
        super().__post_init__()
        for key in ("width", "aspect"):
            if not 0 < getattr(self, key) <= 5:
                raise ConfigError(f"occlusion.{key}={getattr(self, key)}: above 0 and at most 5")


SCHEMAS: dict[str, type] = {"headset": HeadsetConfig}
