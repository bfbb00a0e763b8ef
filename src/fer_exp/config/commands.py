"""The typed schema of the other commands: conf/evaluate.yaml, conf/occlude.yaml, conf/check.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from omegaconf import MISSING

from fer_exp.config.checks import check_positive
from fer_exp.config.data import VARIANTS
from fer_exp.config.dataset import DatasetConfig
from fer_exp.config.occlusion import OcclusionConfig
from fer_exp.config.test_sets import further_test_sets
from fer_exp.config.tracking import TrackingConfig
from fer_exp.errors import ConfigError


class Detector(Enum):
    """What says whether a face is covered: the test set, or a linear detector."""

    known = "known"
    learned = "learned"


@dataclass
class RouteConfig:
    """Stored runs that answer uncovered and covered faces; means of their probabilities where there are several."""

    normal: list[str] | None = None
    occluded: list[str] | None = None
    detector: Detector = Detector.known

    def __post_init__(self) -> None:
        lacking = [key for key in ("normal", "occluded") if not getattr(self, key)]
        if len(lacking) == 1:
            faces = {"normal": "uncovered", "occluded": "covered"}[lacking[0]]
            raise ConfigError(f"route.{lacking[0]} has no value: say which run answers {faces} faces")

    @property
    def runs(self) -> list[str]:
        """Return all that are named; none where nothing is routed."""
        return [*(self.normal or []), *(self.occluded or [])]


@dataclass
class EvaluateConfig:
    """A question to stored runs. The meaning of each key stands beside its default in conf/evaluate.yaml."""

    dataset: DatasetConfig | None = None
    occlusion: OcclusionConfig | None = None
    occlusion_changes: dict[str, Any] = field(default_factory=dict)
    run: str | None = None
    sweep: str | None = None
    runs: list[str] | None = None
    where: dict[str, Any] = field(default_factory=dict)
    route: RouteConfig = field(default_factory=RouteConfig)
    checkpoint: str = "best"
    mirror: bool | None = None
    tests: list[str] = field(default_factory=list)
    batch_size: int = 64
    workers: int | None = None
    tracking: TrackingConfig = field(default_factory=TrackingConfig)

    def __post_init__(self) -> None:
        asked = {"run": self.run, "sweep": self.sweep, "runs": self.runs, "where": self.where, "route": self.route.runs}
        questions = [key for key, value in asked.items() if value]
        if len(questions) != 1:
            raise ConfigError(
                "say which runs: run=ID tests one again; sweep=ID, runs=[ID,ID] or where.model=NAME compare several; "
                "route.normal=ID route.occluded=ID sends uncovered and covered faces to two"
                + (f" (not {' and '.join(questions)} together)" if questions else "")
            )
        further = (self.dataset, self.occlusion, self.occlusion_changes, self.tests)
        chosen = self.checkpoint == "best" or (questions == ["route"] and self.checkpoint == "last")
        if questions != ["run"] and (any(further) or self.mirror is not None or not chosen):
            also = " (route.normal and route.occluded take checkpoint=last too)" if questions == ["route"] else ""
            raise ConfigError(f"dataset, occlusion, tests, mirror and checkpoint need a single run: run=ID{also}")
        further_test_sets(self.tests, self.occlusion or OcclusionConfig(name="own"))
        check_positive("batch_size", self.batch_size)
        if self.workers is not None:
            check_positive("workers", self.workers)
        if self.checkpoint not in ("best", "last", "all") and not (self.checkpoint.isdigit() and int(self.checkpoint)):
            raise ConfigError(
                f"checkpoint={self.checkpoint}: must be best, last, all or the number of an epoch (1, 2, ...)"
            )


@dataclass
class OccludeConfig:
    """A covered copy of pictures. The meaning of each key stands beside its default in conf/occlude.yaml."""

    dataset: DatasetConfig | None = None
    occlusion: OcclusionConfig = MISSING
    images: str | None = None
    output: str = MISSING
    variant: str = "occluded"
    quality: str = "95"
    annotations: str = "copy"
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    workers: int | None = None

    def __post_init__(self) -> None:
        if (self.dataset is None) == (self.images is None):
            raise ConfigError("say what to copy: dataset=NAME dataset.root=DIR, or images=DIR for a plain folder")
        if self.dataset is not None and self.dataset.degrade is not None:
            raise ConfigError("dataset.degrade applies during training only: a copy keeps its resolution. Leave it out")
        if self.variant not in VARIANTS:
            raise ConfigError(f"variant={self.variant}: must be one of {', '.join(VARIANTS)}")
        if self.quality != "lossless":
            if not (self.quality.isdecimal() and 1 <= int(self.quality) <= 100):
                raise ConfigError(f"quality={self.quality}: must be 1 to 100, or lossless")
            self.quality = str(int(self.quality))
        if self.annotations not in ("copy", "link"):
            raise ConfigError(f"annotations={self.annotations}: must be copy or link")
        if self.workers is not None:
            check_positive("workers", self.workers)


@dataclass
class CheckConfig:
    """A dataset to look through. The meaning of each key stands beside its default in conf/check.yaml."""

    dataset: DatasetConfig | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.dataset is None:
            raise ConfigError("say what to look through: dataset=NAME dataset.root=DIR")
        if self.workers is not None:
            check_positive("workers", self.workers)


@dataclass
class PlanConfig:
    """A difference to plan for. The meaning of each key stands beside its default in conf/plan.yaml."""

    sweep: str = MISSING
    difference: float = 2.0
    power: float = 0.8
    checkpoint: str = "best"
    tracking: TrackingConfig = field(default_factory=TrackingConfig)

    def __post_init__(self) -> None:
        if not 0 < self.difference < 100:
            raise ConfigError(f"difference={self.difference}: must be points of accuracy, above 0 and below 100")
        if not 0 < self.power < 1:
            raise ConfigError(f"power={self.power}: must be above 0 and below 1")
        if self.checkpoint not in ("best", "last"):
            raise ConfigError(f"checkpoint={self.checkpoint}: must be best or last")
