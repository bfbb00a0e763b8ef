"""The typed schema of conf/data/*.yaml: the variant."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from fer_exp.errors import ConfigError

VARIANTS = ("normal", "occluded", "mixed", "mixed_unique")


@dataclass
class DataConfig:
    """The variant: which faces are covered in training and validation."""

    name: str = MISSING

    def __post_init__(self) -> None:
        if self.name not in VARIANTS:
            raise ConfigError(f"data.name={self.name}: must be one of {', '.join(VARIANTS)}")
