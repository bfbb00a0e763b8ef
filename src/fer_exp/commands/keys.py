"""The keys that a command line has with the options that it chooses, and the one that a mistyped word is nearest to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer_exp.commands.help import options
from fer_exp.config.compose import GROUPS
from fer_exp.errors import nearest
from fer_exp.system.paths import command_line


def chosen_keys(conf: Path, command: str, words: Sequence[str]) -> list[str]:
    """Return the dotted keys of a command with the options that its words choose; those of its defaults if none can."""
    groups = options(conf, command)
    choices = [word for word in words if (parts := word.partition("="))[0] in groups and parts[2] and "," not in word]
    with initialize_config_dir(str(conf), version_base="1.3"):
        for chosen in (choices, []):
            try:
                return sorted(_keys(compose(command, chosen)))
            except (HydraException, OmegaConfBaseException):
                continue
    return []


def _keys(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for name in map(str, node):
        key = f"{prefix}{name}"
        yield key
        value: Any = None if OmegaConf.is_missing(node, name) else node[name]
        if isinstance(value, DictConfig):
            yield from _keys(value, f"{key}.")


def nearest_key(word: str, keys: Sequence[str]) -> str | None:
    """Return the key that a mistyped one stands for: `optimizer.lr` for `optimizer.learning_rate`; None if none does.

    Keys beside it come first, then those of other groups. Initials stand for a name, and hyphens for underscores and
    dots.
    """
    word = word.replace("-", "_")
    parent, _, name = word.rpartition(".")
    by_name = {key.replace(".", "_"): key for key in keys}
    beside = [key for key in keys if key.rpartition(".")[0] == parent]
    found = word if word in keys else by_name.get(word) or _called(name, beside) or _near(name, beside)
    return found or _called(name, keys) or (None if parent and beside else _near(name, keys))


def _called(name: str, keys: Sequence[str]) -> str | None:
    """Return the first key whose last part has this name or, of two and more, these initials."""
    names = [key.rpartition(".")[2] for key in keys]
    initials = ["".join(part[:1] for part in other.split("_")) for other in names]
    found = names.index(name) if name in names else initials.index(name) if name in initials and name[1:] else None
    return None if found is None else keys[found]


def _near(name: str, keys: Sequence[str]) -> str | None:
    """Return the key whose last part is nearest."""
    names = [key.rpartition(".")[2] for key in keys]
    close = nearest(name, names)
    return None if close is None else keys[names.index(close)]


def unknown_key(key: str, conf: Path, command: str, words: Sequence[str]) -> str:
    """Return what is said of a key that there is not: the options that have it, or the nearest one of the chosen."""
    group, _, name = key.partition(".")
    groups = options(conf, command)
    having = [option for option in groups.get(group, ()) if name in _own_keys(conf, group, option)]
    if having:
        return f"{key}: the chosen {group} has no such key; {_listed(group, having)} has it"
    near = nearest_key(key, chosen_keys(conf, command, words))
    hint = f"did you mean {near}?" if near else f"{command_line(command)} --help lists them"
    return f"{key}: no such key; {hint}"


def _own_keys(conf: Path, group: str, option: str) -> set[str]:
    content = cast("DictConfig", OmegaConf.load(conf / group / f"{option}.yaml"))
    schemas = GROUPS.get(group, {})
    schema = schemas.get(content.get("kind", "")) or schemas.get(content.get("name", ""))
    return {field.name for field in fields(schema)} if schema else set()


def _listed(group: str, names: Iterable[str]) -> str:
    first, *others = names
    more = f"{', '.join(others[:3])}{', ...' if len(others) > 3 else ''}"
    return f"{group}={first}" + (f" (also {more})" if others else "")
