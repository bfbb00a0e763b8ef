"""Registration of the typed schema with Hydra."""

from __future__ import annotations

from hydra.core.config_store import ConfigStore

from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.compose import COMMANDS, GROUPS


def register() -> None:
    """Store the schemas as schema/train, schema/evaluate, ... and schema/<group>/<name>."""
    store = ConfigStore.instance()
    for name, node in COMMANDS.items():
        store.store(group="schema", name=name, node=node, package="_global_")
    store.store(group="schema", name="augmentation", node=AugmentationConfig)
    for group, options in GROUPS.items():
        for name, node in options.items():
            store.store(group=f"schema/{group}", name=name, node=node)
