"""The keys that choose what a network gets: the faces, what covers them, and the size at which they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from fer_exp.config.data import DataConfig
from fer_exp.config.dataset import DatasetConfig
from fer_exp.config.model import ModelConfig
from fer_exp.config.occlusion import OcclusionConfig
from fer_exp.config.test_datasets import other_datasets
from fer_exp.config.test_sets import further_test_sets
from fer_exp.errors import ConfigError

# keys that say what a machine has to spare, and change nothing of a result
MACHINE = ("workers", "picture_cache", "feature_cache")


@dataclass
class InputsConfig:
    """Faces, occluder and test sets of a run. The meaning of each key stands beside its default in conf/train.yaml."""

    data: DataConfig = MISSING
    dataset: DatasetConfig = MISSING
    occlusion: OcclusionConfig = MISSING
    model: ModelConfig = MISSING
    mirror: bool = False
    tests: list[str] = field(default_factory=list)
    test_datasets: dict[str, Any] = field(default_factory=dict)
    picture_cache: float | None = None
    feature_cache: float | None = None

    def __post_init__(self) -> None:
        for key, place in (("picture_cache", "memory"), ("feature_cache", "disk")):
            value = getattr(self, key)
            if value is not None and not value >= 0:
                raise ConfigError(f"{key}={value}: must be at least 0 GB, or null for a quarter of the free {place}")
        further_test_sets(self.tests, self.occlusion)
        other_datasets(self.test_datasets, self.tests)
