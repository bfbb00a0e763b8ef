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


@dataclass
class InputsConfig:
    """Faces, occluder and test sets of a run. The meaning of each key stands beside its default in conf/train.yaml."""

    data: DataConfig = MISSING
    dataset: DatasetConfig = MISSING
    occlusion: OcclusionConfig = MISSING
    model: ModelConfig = MISSING
    tests: list[str] = field(default_factory=list)
    test_datasets: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        further_test_sets(self.tests, self.occlusion)
        other_datasets(self.test_datasets, self.tests)
