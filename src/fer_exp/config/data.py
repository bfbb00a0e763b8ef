"""The typed schema of what is done to datasets alone: conf/occlude.yaml, conf/check.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from fer_exp.datasets import schema as datasets
from fer_exp.errors import ConfigError
from fer_exp.occlusion import schema as occlusion
from fer_exp.training import schema as training

VARIANTS = ("normal", "occluded", "mixed", "mixed_unique")


@dataclass
class OccludeConfig:
    """A covered copy. The meaning of each key stands beside its default in conf/occlude.yaml."""

    dataset: datasets.DatasetConfig | None = None
    occlusion: occlusion.OcclusionConfig = MISSING
    images: str | None = None
    output: str = MISSING
    variant: str = "occluded"
    quality: str = "95"
    annotations: str = "copy"
    tracking: training.TrackingConfig = field(default_factory=training.TrackingConfig)
    workers: int | None = None

    def __post_init__(self):
        if (self.dataset is None) == (self.images is None):
            raise ConfigError("say what to copy: dataset=NAME dataset.root=DIR, or images=DIR for a plain folder")
        if self.dataset is not None and self.dataset.degrade is not None:
            raise ConfigError("dataset.degrade is done on the fly, in training: a copy keeps the resolution it has")
        if self.variant not in VARIANTS:
            raise ConfigError(f"variant={self.variant}: one of {', '.join(VARIANTS)}")
        if self.quality != "lossless":
            if not (self.quality.isdecimal() and 1 <= int(self.quality) <= 100):
                raise ConfigError(f"quality={self.quality}: 1 to 100, or lossless")
            self.quality = str(int(self.quality))
        if self.annotations not in ("copy", "link"):
            raise ConfigError(f"annotations={self.annotations}: copy or link")
        if self.workers is not None:
            training.positive("workers", self.workers)


@dataclass
class CheckConfig:
    """A dataset to look through. The meaning of each key stands beside its default in conf/check.yaml."""

    dataset: datasets.DatasetConfig | None = None
    workers: int | None = None

    def __post_init__(self):
        if self.dataset is None:
            raise ConfigError("say what to look through: dataset=NAME dataset.root=DIR")
        if self.workers is not None:
            training.positive("workers", self.workers)
