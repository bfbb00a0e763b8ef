"""The typed schema of a run: every key that conf/train.yaml may set."""

from __future__ import annotations

from dataclasses import dataclass, field

from fer_exp.config.checks import check_positive
from fer_exp.config.inputs import InputsConfig
from fer_exp.config.published import PublishedConfig
from fer_exp.config.tracking import TrackingConfig
from fer_exp.config.training import SplitBy, TrainingConfig
from fer_exp.errors import ConfigError


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
        if self.split.by is SplitBy.group and self.dataset.group_pattern is None and self.dataset.group_column is None:
            raise ConfigError(
                "split.by=group: say who is on a picture: dataset.group_pattern=REGEX, or dataset.metadata=FILE.csv "
                "with dataset.group_column=NAME"
            )
        if self.workers is not None:
            check_positive("workers", self.workers)
