"""The typed schema of conf/method/*.yaml: what a network learns from, beside the labels. It imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from fer_exp.errors import ConfigError

AUTO = "auto"  # as a teacher: the run of the same seed that learns from uncovered faces


@dataclass
class MethodConfig:
    """A way to learn; `plain`, from the labels alone, has no keys of its own."""

    name: str = MISSING


@dataclass
class DistillConfig(MethodConfig):
    """Learning from the labels and from what another network, the teacher, says of the uncovered face."""

    teacher: str = AUTO
    alpha: float = 0.5
    temperature: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise ConfigError(f"method.alpha={self.alpha}: must be from 0 (labels alone) to 1 (the teacher alone)")
        if not 0.1 <= self.temperature <= 100:
            raise ConfigError(f"method.temperature={self.temperature}: must be from 0.1 to 100")


SCHEMAS: dict[str, type] = {"plain": MethodConfig, "distill": DistillConfig}
