"""Options of a config group that are chosen within a value, not as a group: further test sets, other datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer_exp.errors import ConfigError, did_you_mean
from fer_exp.system.paths import CONF


def option_names(group: str) -> list[str]:
    """Return the names of the options in conf/GROUP, sorted."""
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def load_option(
    group: str, name: str, schemas: Mapping[str, type], base: type, given: Mapping[str, Any], key: str
) -> Any:
    """Return an option of a config group as its typed object.

    Args:
        group: the folder in conf/.
        name: the option.
        schemas: of the group, by kind or name.
        base: the schema of an option that has no keys of its own.
        given: values that replace the option's own.
        key: what the user typed, for messages.

    Raises:
        ConfigError: there is no such option, or it has no such key or value.
    """
    names = option_names(group)
    if name not in names:
        what = "an occluder" if group == "occlusion" else f"a {group}"
        known = f"{', '.join(names)}{did_you_mean(name, names)}"
        raise ConfigError(f"{key}: {name} is not {what}; must be one of {known}")
    content = cast("DictConfig", OmegaConf.load(CONF / group / f"{name}.yaml"))
    content.pop("defaults", None)
    schema = schemas.get(content.get("kind") or name, base)
    try:
        merged = OmegaConf.merge(OmegaConf.structured(schema), content, OmegaConf.create(dict(given)))
        return OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{key}: conf/{group}/{name}.yaml cannot be used like this: {reason}") from error
