"""What conf/ may say about training. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from omegaconf import MISSING

from fer_exp.errors import ConfigError


def positive(key: str, value: float) -> None:
    """Raise ConfigError unless value > 0."""
    if not value > 0:
        raise ConfigError(f"{key}={value}: above 0")


def share(key: str, value: float) -> None:
    """Raise ConfigError unless 0 <= value < 1."""
    if not 0 <= value < 1:
        raise ConfigError(f"{key}={value}: from 0 to below 1")


class Schedule(Enum):
    """How the learning rate goes from the first step to the last."""

    constant = "constant"
    cosine = "cosine"


@dataclass
class OptimizerConfig:
    """Keys that every optimizer has; `name` is its class in keras.optimizers, in lower case."""

    name: str = MISSING
    learning_rate: float = 1e-3
    schedule: Schedule = Schedule.constant

    def __post_init__(self):
        positive("optimizer.learning_rate", self.learning_rate)


@dataclass
class AdamConfig(OptimizerConfig):
    """Kingma and Ba 2015."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self):
        super().__post_init__()
        share("optimizer.beta_1", self.beta_1)
        share("optimizer.beta_2", self.beta_2)
        positive("optimizer.epsilon", self.epsilon)


@dataclass
class AdamWConfig(AdamConfig):
    """Loshchilov and Hutter 2019: Adam with decoupled weight decay."""

    weight_decay: float = 4e-3

    def __post_init__(self):
        super().__post_init__()
        share("optimizer.weight_decay", self.weight_decay)


@dataclass
class RMSpropConfig(OptimizerConfig):
    """Tieleman and Hinton 2012."""

    rho: float = 0.9
    momentum: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        share("optimizer.rho", self.rho)
        share("optimizer.momentum", self.momentum)


@dataclass
class SGDConfig(OptimizerConfig):
    """Stochastic gradient descent with momentum."""

    momentum: float = 0.9
    nesterov: bool = False

    def __post_init__(self):
        super().__post_init__()
        share("optimizer.momentum", self.momentum)


SCHEMAS: dict[str, type] = {
    "adam": AdamConfig,
    "adamw": AdamWConfig,
    "rmsprop": RMSpropConfig,
    "sgd": SGDConfig,
}


class Mode(Enum):
    """Whether more or less of the monitored metric is better."""

    max = "max"
    min = "min"


class ClassWeights(Enum):
    """Weight of a face in the training loss by its class; see fer_exp.training.weights."""

    none = "none"
    inverse = "inverse"
    sqrt = "sqrt"
    balanced = "balanced"


class Keep(Enum):
    """Which epochs' models stay with the run."""

    all = "all"
    best_and_last = "best_and_last"


@dataclass
class CheckpointsConfig:
    """Saved models."""

    keep: Keep = Keep.all


@dataclass
class EarlyStoppingConfig:
    """Stop when the metric has not improved for `patience` epochs; null: never."""

    patience: int | None = None
    monitor: str | None = None
    mode: Mode | None = None

    def __post_init__(self):
        if self.patience is not None:
            positive("early_stopping.patience", self.patience)


@dataclass
class ReduceLROnPlateauConfig:
    """Multiply the learning rate by `factor` when the metric has not improved for `patience` epochs."""

    patience: int | None = None
    factor: float = 0.2
    min_lr: float = 1e-8
    monitor: str | None = None
    mode: Mode | None = None

    def __post_init__(self):
        if self.patience is not None:
            positive("reduce_lr_on_plateau.patience", self.patience)
        if not 0 < self.factor < 1:
            raise ConfigError(f"reduce_lr_on_plateau.factor={self.factor}: between 0 and 1")
        if self.min_lr < 0:
            raise ConfigError(f"reduce_lr_on_plateau.min_lr={self.min_lr}: at least 0")


class By(Enum):
    """What the validation split draws: faces (both forms of a face on one side) or images."""

    face = "face"
    image = "image"


@dataclass
class SplitConfig:
    """The validation part, drawn from the training part."""

    by: By = By.face
    validation: float = 0.2

    def __post_init__(self):
        if not 0 < self.validation < 1:
            raise ConfigError(f"split.validation={self.validation}: between 0 and 1")


METRICS = ("loss", "accuracy", "balanced_accuracy", "macro_f1", "balanced_loss")
MONITORS = tuple(f"val_{name}" for name in METRICS) + METRICS


def monitor(key: str, value: str, mode: Mode | None) -> Mode:
    """The direction of a monitored metric; raise ConfigError where the name is none or the mode is reversed."""
    if value not in MONITORS:
        raise ConfigError(f"{key}={value}: one of {', '.join(MONITORS)}")
    natural = Mode.min if value.endswith("loss") else Mode.max
    if mode not in (None, natural):
        raise ConfigError(f"{key}={value} with mode={mode.value}: mode must be {natural.value}")
    return natural


@dataclass
class TrackingConfig:
    """Where MLflow keeps runs."""

    uri: str | None = None
    experiment: str = "fer-exp"

    def __post_init__(self):
        if self.uri is not None and urlsplit(self.uri).password:
            raise ConfigError(
                "tracking.uri holds a password, and stands on every run where all can read it: set "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or the whole address in MLFLOW_TRACKING_URI"
            )
