"""The typed schema of a run: every key that conf/train.yaml may set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer_exp.config.data import VARIANTS, CheckConfig, OccludeConfig
from fer_exp.config.testsets import further_test_sets
from fer_exp.datasets import schema as datasets
from fer_exp.errors import ConfigError
from fer_exp.models import schema as models
from fer_exp.occlusion import schema as occlusion
from fer_exp.training import schema as training


@dataclass
class DataConfig:
    """The variant: which faces are covered in training and validation."""

    name: str = MISSING

    def __post_init__(self):
        if self.name not in VARIANTS:
            raise ConfigError(f"data.name={self.name}: one of {', '.join(VARIANTS)}")


@dataclass
class PublishedNumbers:
    """What a study printed of one checkpoint: accuracies on test sets, and what else it said."""

    normal: float | None = None
    occluded: float | None = None
    mixed: float | None = None
    epoch: int | None = None
    val_accuracy: float | None = None
    val_loss: float | None = None
    macro_f1: float | None = None


@dataclass
class PublishedCheckpoints:
    """Of one training variant."""

    best: PublishedNumbers = field(default_factory=PublishedNumbers)
    last: PublishedNumbers = field(default_factory=PublishedNumbers)


@dataclass
class PublishedConfig:
    """What a study printed for `model` on `dataset`, by training variant."""

    model: str | None = None
    dataset: str | None = None
    results: dict[str, PublishedCheckpoints] = field(default_factory=dict)


@dataclass
class TrainConfig:
    """One run. The meaning of each key stands beside its default in conf/train.yaml."""

    data: DataConfig = MISSING
    dataset: datasets.DatasetConfig = MISSING
    occlusion: occlusion.OcclusionConfig = MISSING
    model: models.ModelConfig = MISSING
    optimizer: training.OptimizerConfig = MISSING
    augmentation: models.AugmentationConfig = MISSING
    seed: int = 0
    force: bool = False
    resume: str | None = None
    resume_changes: list[str] = field(default_factory=list)
    epochs: int = 12
    batch_size: int = 32
    class_weights: training.ClassWeights = training.ClassWeights.sqrt
    resample: bool = False
    mixed_precision: bool = False
    deterministic: bool = True
    split: training.SplitConfig = field(default_factory=training.SplitConfig)
    monitor: str = "val_balanced_accuracy"
    mode: training.Mode = training.Mode.max
    early_stopping: training.EarlyStoppingConfig = field(default_factory=training.EarlyStoppingConfig)
    reduce_lr_on_plateau: training.ReduceLROnPlateauConfig = field(default_factory=training.ReduceLROnPlateauConfig)
    checkpoints: training.CheckpointsConfig = field(default_factory=training.CheckpointsConfig)
    tracking: training.TrackingConfig = field(default_factory=training.TrackingConfig)
    published: PublishedConfig = field(default_factory=PublishedConfig)
    tests: list[str] = field(default_factory=list)
    workers: int | None = None

    def __post_init__(self):
        further_test_sets(self.tests, self.occlusion)
        for key in ("epochs", "batch_size"):
            training.positive(key, getattr(self, key))
        if not 0 <= self.seed < 2**31:
            raise ConfigError(f"seed={self.seed}: 0 to {2**31 - 1}")
        if self.workers is not None:
            training.positive("workers", self.workers)
        training.monitor("monitor", self.monitor, self.mode)
        for key in ("early_stopping", "reduce_lr_on_plateau"):
            rule = getattr(self, key)
            if rule.monitor is None:
                rule.monitor = self.monitor
            rule.mode = training.monitor(f"{key}.monitor", rule.monitor, rule.mode)
        if self.resample and self.class_weights is not training.ClassWeights.none:
            raise ConfigError(
                f"resample=true with class_weights={self.class_weights.value}: both make up for rare classes; "
                "say class_weights=none or resample=false"
            )
        plateau = self.reduce_lr_on_plateau.patience is not None
        if plateau and self.optimizer.schedule is not training.Schedule.constant:
            raise ConfigError(
                f"optimizer.schedule={self.optimizer.schedule.value} with reduce_lr_on_plateau.patience="
                f"{self.reduce_lr_on_plateau.patience}: two rules for one learning rate; "
                "say optimizer.schedule=constant or reduce_lr_on_plateau.patience=null"
            )


@dataclass
class EvaluateConfig:
    """A question to a stored run. The meaning of each key stands beside its default in conf/evaluate.yaml."""

    dataset: datasets.DatasetConfig | None = None
    occlusion: occlusion.OcclusionConfig | None = None
    run: str | None = None
    sweep: str | None = None
    runs: list[str] | None = None
    where: dict[str, Any] = field(default_factory=dict)
    checkpoint: str = "best"
    tests: list[str] = field(default_factory=list)
    batch_size: int = 64
    workers: int | None = None
    tracking: training.TrackingConfig = field(default_factory=training.TrackingConfig)

    def __post_init__(self):
        asked = [key for key in ("run", "sweep", "runs", "where") if getattr(self, key)]
        if len(asked) != 1:
            raise ConfigError(
                "say which runs: run=ID tests one again; sweep=ID, runs=[ID,ID] or where.model=NAME compare several"
                + (f" (not {' and '.join(asked)} together)" if asked else "")
            )
        if asked != ["run"] and (self.dataset or self.occlusion or self.tests or self.checkpoint != "best"):
            raise ConfigError("dataset, occlusion, tests and checkpoint are questions to one run: run=ID")
        further_test_sets(self.tests, self.occlusion or occlusion.OcclusionConfig(name="own"))
        training.positive("batch_size", self.batch_size)
        if self.workers is not None:
            training.positive("workers", self.workers)
        if self.checkpoint not in ("best", "last", "all") and not (self.checkpoint.isdigit() and int(self.checkpoint)):
            raise ConfigError(f"checkpoint={self.checkpoint}: best, last, all, or the number of an epoch (1, 2, ...)")


GROUPS: dict[str, dict[str, type]] = {
    "data": {"data": DataConfig},
    "dataset": datasets.SCHEMAS,
    "occlusion": occlusion.SCHEMAS,
    "model": models.SCHEMAS,
    "optimizer": training.SCHEMAS,
    "augmentation": {"augmentation": models.AugmentationConfig},
}


def register() -> None:
    """Make the schemas known to Hydra, as schema/train and schema/<group>/<name>."""
    store = ConfigStore.instance()
    store.store(group="schema", name="train", node=TrainConfig, package="_global_")
    store.store(group="schema", name="evaluate", node=EvaluateConfig, package="_global_")
    store.store(group="schema", name="check", node=CheckConfig, package="_global_")
    store.store(group="schema", name="occlude", node=OccludeConfig, package="_global_")
    store.store(group="schema", name="augmentation", node=models.AugmentationConfig)
    for group, options in GROUPS.items():
        for name, node in options.items():
            store.store(group=f"schema/{group}", name=name, node=node)


def validate(cfg: DictConfig) -> TrainConfig | EvaluateConfig | OccludeConfig | CheckConfig:
    """The composed configuration as typed objects.

    Raises:
        ConfigError: a value is impossible, alone or beside another.
    """
    missing = OmegaConf.missing_keys(cfg)
    if missing:
        raise ConfigError(f"{sorted(missing)[0]}: no value; give one on the command line")
    return OmegaConf.to_object(cfg)


def stored(resolved: dict, with_weights: bool = False) -> TrainConfig:
    """The typed configuration of a run from the plain one that the run keeps.

    What a network began with may be gone, and its checkpoints hold all: only training goes on `with_weights`.

    Raises:
        ConfigError: it was written by another version, and says what is no longer meant.
    """
    cfg = OmegaConf.structured(TrainConfig)
    drawn = resolved.get("dataset", {})
    if drawn.get("name") == "synthetic" and "corruption" not in drawn:  # what the key was called once
        drawn = {key: value for key, value in drawn.items() if key != "degrade"} | {"corruption": drawn.get("degrade")}
        resolved = resolved | {"dataset": drawn}
    try:
        for group, schemas in GROUPS.items():
            given = resolved[group]
            only = next(iter(schemas.values())) if len(schemas) == 1 else None
            cfg[group] = only or schemas.get(given.get("kind")) or schemas[given["name"]]
        cfg = OmegaConf.merge(cfg, resolved)
        if "weights" in cfg.model and not with_weights:
            cfg.model.weights = None
        return OmegaConf.to_object(cfg)
    except (KeyError, OmegaConfBaseException) as error:
        raise ConfigError(f"the run's configuration is of another version: {str(error).splitlines()[0]}") from error
