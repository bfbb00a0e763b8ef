"""The typed schema of what training needs. It imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from omegaconf import MISSING

from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.checks import check_positive
from fer_exp.config.method import MethodConfig
from fer_exp.config.optimizer import OptimizerConfig, Schedule
from fer_exp.errors import ConfigError


class Mode(Enum):
    """The direction in which the monitored metric gets better."""

    max = "max"
    min = "min"


class ClassWeights(Enum):
    """The weight of a face in the training loss by its class; see fer_exp.training.class_weights."""

    none = "none"
    inverse = "inverse"
    sqrt = "sqrt"
    balanced = "balanced"


class EpochSize(Enum):
    """What an epoch shows once: every picture of the variant, or every face, in one of its forms."""

    pictures = "pictures"
    faces = "faces"


class Keep(Enum):
    """The epochs whose models stay with the run."""

    all = "all"
    best_and_last = "best_and_last"


@dataclass
class CheckpointsConfig:
    """The models that are saved."""

    keep: Keep = Keep.all


@dataclass
class EarlyStoppingConfig:
    """A rule to stop when the metric has not improved for `patience` epochs; null: never."""

    patience: int | None = None
    monitor: str | None = None
    mode: Mode | None = None

    def __post_init__(self) -> None:
        if self.patience is not None:
            check_positive("early_stopping.patience", self.patience)


@dataclass
class ReduceLROnPlateauConfig:
    """A rule to multiply the learning rate by `factor` when the metric has not improved for `patience` epochs."""

    patience: int | None = None
    factor: float = 0.2
    min_lr: float = 1e-8
    monitor: str | None = None
    mode: Mode | None = None

    def __post_init__(self) -> None:
        if self.patience is not None:
            check_positive("reduce_lr_on_plateau.patience", self.patience)
        if not 0 < self.factor < 1:
            raise ConfigError(f"reduce_lr_on_plateau.factor={self.factor}: must be between 0 and 1")
        if self.min_lr < 0:
            raise ConfigError(f"reduce_lr_on_plateau.min_lr={self.min_lr}: must be at least 0")


class SplitBy(Enum):
    """The unit that the validation split draws: faces (both forms of a face on one side), images, or people."""

    face = "face"
    image = "image"
    group = "group"


@dataclass
class SplitConfig:
    """The validation part, drawn from the training part."""

    by: SplitBy = SplitBy.face
    validation: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.validation < 1:
            raise ConfigError(f"split.validation={self.validation}: must be between 0 and 1")


METRICS = ("loss", "accuracy", "balanced_accuracy", "macro_f1", "balanced_loss")
MONITORS = tuple(f"val_{name}" for name in METRICS) + METRICS


def check_monitor(key: str, value: str, mode: Mode | None) -> Mode:
    """Return the direction of a monitored metric; raise ConfigError if the name is unknown or the mode is reversed."""
    if value not in MONITORS:
        raise ConfigError(f"{key}={value}: must be one of {', '.join(MONITORS)}")
    natural = Mode.min if value.endswith("loss") else Mode.max
    if mode is not None and mode is not natural:
        raise ConfigError(f"{key}={value} with mode={mode.value}: mode must be {natural.value}")
    return natural


@dataclass
class TrainingConfig:
    """The configuration of training. The meaning of each key stands beside its default in conf/train.yaml."""

    optimizer: OptimizerConfig = MISSING
    augmentation: AugmentationConfig = MISSING
    method: MethodConfig = MISSING
    seed: int = 0
    epochs: int = 12
    batch_size: int = 32
    class_weights: ClassWeights = ClassWeights.sqrt
    resample: bool = False
    epoch_size: EpochSize = EpochSize.pictures
    mixed_precision: bool = False
    deterministic: bool = True
    split: SplitConfig = field(default_factory=SplitConfig)
    monitor: str = "val_balanced_accuracy"
    mode: Mode = Mode.max
    early_stopping: EarlyStoppingConfig = field(default_factory=EarlyStoppingConfig)
    reduce_lr_on_plateau: ReduceLROnPlateauConfig = field(default_factory=ReduceLROnPlateauConfig)
    checkpoints: CheckpointsConfig = field(default_factory=CheckpointsConfig)

    def __post_init__(self) -> None:
        for key in ("epochs", "batch_size"):
            check_positive(key, getattr(self, key))
        if not 0 <= self.seed < 2**31:
            raise ConfigError(f"seed={self.seed}: must be 0 to {2**31 - 1}")
        check_monitor("monitor", self.monitor, self.mode)
        for key in ("early_stopping", "reduce_lr_on_plateau"):
            rule = getattr(self, key)
            if rule.monitor is None:
                rule.monitor = self.monitor
            rule.mode = check_monitor(f"{key}.monitor", rule.monitor, rule.mode)
        if self.resample and self.class_weights is not ClassWeights.none:
            raise ConfigError(
                f"resample=true with class_weights={self.class_weights.value}: both compensate for rare classes; "
                "say class_weights=none or resample=false"
            )
        plateau = self.reduce_lr_on_plateau.patience is not None
        if plateau and self.optimizer.schedule is not Schedule.constant:
            raise ConfigError(
                f"optimizer.schedule={self.optimizer.schedule.value} with reduce_lr_on_plateau.patience="
                f"{self.reduce_lr_on_plateau.patience}: two rules for one learning rate; "
                "say optimizer.schedule=constant or reduce_lr_on_plateau.patience=null"
            )
