"""The typed schema of a run: every key that conf/train.yaml may set."""

from __future__ import annotations

from dataclasses import dataclass, field

from fer_exp.config.checks import check_positive
from fer_exp.config.inputs import InputsConfig
from fer_exp.config.published import PublishedConfig
from fer_exp.config.tracking import TrackingConfig
from fer_exp.config.training import TrainingConfig


@dataclass
class TrainConfig(TrainingConfig, InputsConfig):
    """The configuration of one run. The meaning of each key stands beside its default in conf/train.yaml."""

    force: bool = False
    resume: str | None = None
    resume_changes: list[str] = field(default_factory=list)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    published: PublishedConfig = field(default_factory=PublishedConfig)
    workers: int | None = None
    metrics: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        InputsConfig.__post_init__(self)
        TrainingConfig.__post_init__(self)
        if self.workers is not None:
            check_positive("workers", self.workers)
