"""The typed schema of conf/optimizer/*.yaml. It imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from omegaconf import MISSING

from fer_exp.config.checks import check_fraction, check_positive


class Schedule(Enum):
    """The course of the learning rate from the first step to the last."""

    constant = "constant"
    cosine = "cosine"


@dataclass
class OptimizerConfig:
    """Keys that every optimizer has; `name` is its class in keras.optimizers, in lower case."""

    name: str = MISSING
    learning_rate: float = 1e-3
    schedule: Schedule = Schedule.constant

    def __post_init__(self) -> None:
        check_positive("optimizer.learning_rate", self.learning_rate)


@dataclass
class AdamConfig(OptimizerConfig):
    """Adam (Kingma and Ba 2015)."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fraction("optimizer.beta_1", self.beta_1)
        check_fraction("optimizer.beta_2", self.beta_2)
        check_positive("optimizer.epsilon", self.epsilon)


@dataclass
class AdamWConfig(AdamConfig):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    weight_decay: float = 4e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fraction("optimizer.weight_decay", self.weight_decay)


@dataclass
class RMSpropConfig(OptimizerConfig):
    """RMSprop (Tieleman and Hinton 2012)."""

    rho: float = 0.9
    momentum: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fraction("optimizer.rho", self.rho)
        check_fraction("optimizer.momentum", self.momentum)


@dataclass
class SGDConfig(OptimizerConfig):
    """Stochastic gradient descent with momentum."""

    momentum: float = 0.9
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fraction("optimizer.momentum", self.momentum)


SCHEMAS: dict[str, type] = {
    "adam": AdamConfig,
    "adamw": AdamWConfig,
    "rmsprop": RMSpropConfig,
    "sgd": SGDConfig,
}
