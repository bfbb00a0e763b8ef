"""Conversion of plain configuration, composed for a command or kept by a stored run, to typed objects."""

from __future__ import annotations

from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer_exp.config import dataset, method, model, occlusion, optimizer
from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.commands import CheckConfig, EvaluateConfig, OccludeConfig, PlanConfig
from fer_exp.config.data import DataConfig
from fer_exp.config.live import LiveConfig
from fer_exp.config.train import TrainConfig
from fer_exp.errors import ConfigError

COMMANDS: dict[str, type] = {
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
    "occlude": OccludeConfig,
    "check": CheckConfig,
    "plan": PlanConfig,
    "live": LiveConfig,
}
GROUPS: dict[str, dict[str, type]] = {
    "data": {"data": DataConfig},
    "dataset": dataset.SCHEMAS,
    "occlusion": occlusion.SCHEMAS,
    "model": model.SCHEMAS,
    "method": method.SCHEMAS,
    "optimizer": optimizer.SCHEMAS,
    "augmentation": {"augmentation": AugmentationConfig},
}


def validate(cfg: DictConfig) -> Any:
    """Return the composed configuration of a command as typed objects: one of `COMMANDS`.

    Raises:
        ConfigError: a value is impossible, alone or beside another.
    """
    missing = OmegaConf.missing_keys(cfg)
    if missing:
        raise ConfigError(f"{sorted(missing)[0]} has no value; give it one on the command line")
    return OmegaConf.to_object(cfg)


def to_plain(cfg: DictConfig) -> dict[str, Any]:
    """Return a configuration as plain data, every reference resolved and every choice by its name."""
    return cast("dict[str, Any]", OmegaConf.to_container(cfg, resolve=True, enum_to_str=True))


def from_stored(resolved: dict[str, Any], with_weights: bool = False) -> TrainConfig:
    """Return the typed configuration of a run from the plain one that the run keeps.

    The file of the weights that a network began with may be gone, and checkpoints hold all weights: the key is kept
    only where training goes on, `with_weights`.

    Raises:
        ConfigError: it was written by another version; the message says what is no longer known.
    """
    cfg = OmegaConf.structured(TrainConfig)
    try:
        resolved = with_present_names(resolved)
        for group, schemas in GROUPS.items():
            option = resolved[group]
            only_schema = next(iter(schemas.values())) if len(schemas) == 1 else None
            # an option without keys of its own has no schema of its own: its group's base is there already
            if schema := only_schema or schemas.get(option.get("kind")) or schemas.get(option["name"]):
                cfg[group] = schema
        cfg = OmegaConf.merge(cfg, resolved)
        if "weights" in cfg.model and not with_weights:
            cfg.model.weights = None
        return cast("TrainConfig", OmegaConf.to_object(cfg))
    except (KeyError, TypeError, AttributeError, OmegaConfBaseException) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"the run's configuration was written by another version: {reason}") from error


def with_present_names(resolved: dict[str, Any]) -> dict[str, Any]:
    """Return the plain configuration of a stored run with the keys that were renamed since by their present names."""
    faces = resolved.get("dataset", {})
    if faces.get("name") == "synthetic" and "corruption" not in faces:
        faces = {key: value for key, value in faces.items() if key != "degrade"} | {"corruption": faces.get("degrade")}
        resolved = resolved | {"dataset": faces}
    resolved = {"method": {"name": "plain"}} | resolved  # there was no other
    published = resolved.get("published") or {}
    results = {
        variant: {
            checkpoint: {("f1" if word == "macro_f1" else word): number for word, number in numbers.items()}
            for checkpoint, numbers in checkpoints.items()
        }
        for variant, checkpoints in published.get("results", {}).items()
    }
    return resolved | {"published": published | {"results": results}}
