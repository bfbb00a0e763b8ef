"""From plain configuration to typed objects, as composed for a command or as a stored run keeps it."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer_exp.config import dataset, model, occlusion, optimizer
from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.commands import CheckConfig, EvaluateConfig, OccludeConfig
from fer_exp.config.data import DataConfig
from fer_exp.config.train import TrainConfig
from fer_exp.errors import ConfigError

COMMANDS: dict[str, type] = {
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
    "occlude": OccludeConfig,
    "check": CheckConfig,
}
GROUPS: dict[str, dict[str, type]] = {
    "data": {"data": DataConfig},
    "dataset": dataset.SCHEMAS,
    "occlusion": occlusion.SCHEMAS,
    "model": model.SCHEMAS,
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
        raise ConfigError(f"{sorted(missing)[0]}: no value; give one on the command line")
    return OmegaConf.to_object(cfg)


def from_stored(resolved: dict[str, Any], with_weights: bool = False) -> TrainConfig:
    """Return the typed configuration of a run from the plain one that the run keeps.

    The file of learned weights that a network began with may be gone, and checkpoints hold all weights: the key is
    kept only where training goes on, `with_weights`.

    Raises:
        ConfigError: it was written by another version; the message says what is not known any more.
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
