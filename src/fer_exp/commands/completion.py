"""Tab completion: Hydra's own, and what it does not know: verbs, options in folders, enumerations, comma lists."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from importlib import import_module
from typing import Any
from unittest.mock import patch

from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.plugins.completion_plugin import CompletionPlugin
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer_exp.commands.help import COMPLETION_FLAGS, USE, options
from fer_exp.system.paths import CONF


@contextmanager
def completing(command: str) -> Iterator[None]:
    """Let Hydra's completion answer with what `values` knows too."""
    own = CompletionPlugin._query

    def query(plugin: CompletionPlugin, config_name: str | None, line: str) -> list[str]:
        words = line.split()
        last = words.pop() if words and not line.endswith(" ") else ""
        known = values(plugin.config_loader, command, words, last)
        if known is not None:
            return known
        groups = options(CONF, command)
        found = {f"{name}=" if name in groups else name for name in own(plugin, config_name, line)}
        return sorted(found - {"schema", "hydra"})  # groups of which nobody chooses an option

    with patch.object(CompletionPlugin, "_query", query):
        yield


def values(loader: ConfigLoader, command: str, words: list[str], word: str) -> list[str] | None:
    """Return the completions of a word `key=...` that are options, or values of an enumeration or a switch.

    Args:
        loader: Hydra's, of this command.
        command: whose groups are meant.
        words: those before the word.
        word: as far as it is typed; of a list with commas the last value is completed.

    Returns:
        Whole words; an option in a folder up to the folder's slash, like a path. None: the key is not of that kind.
    """
    key, equals, typed = word.partition("=")
    if not equals:
        return None
    listed, comma, begun = typed.rpartition(",")
    groups = options(CONF, command)
    known = list(groups[key]) if key in groups else _values_of(_node(loader, command, words, key))
    if known is None:
        return None
    rests = [name.removeprefix(begun).partition("/") for name in known if name.startswith(begun)]
    return sorted({f"{key}={listed}{comma}{begun}{rest}{slash}" for rest, slash, _ in rests})


def _node(loader: ConfigLoader, command: str, words: list[str], key: str) -> Any:
    """Return the value that a key has so far; None where the words cannot be composed."""
    words = [word for word in words if "=" in word]
    try:
        config = loader.load_configuration(config_name=command, overrides=words, run_mode=RunMode.RUN)
        return OmegaConf.select(config, key)
    except (HydraException, OmegaConfBaseException):
        return None


def _values_of(node: Any) -> list[str] | None:
    if isinstance(node, bool):
        return ["false", "true"]
    return [member.name for member in type(node)] if isinstance(node, Enum) else None


def main(words: list[str], verbs: list[str]) -> int:
    """Answer the shell for `fer-exp`: with its verbs, or as the verb that is typed does; return the exit status.

    Args:
        words: install=SHELL, uninstall=SHELL or query=SHELL; the shell gives the line so far in COMP_LINE.
        verbs: every verb.
    """
    if not words or not words[0].startswith("query="):
        return import_module("fer_exp.commands.train").main([COMPLETION_FLAGS[0], *words])
    line = os.environ["COMP_LINE"]
    program, *typed = line.split()
    ended = line.endswith(" ")
    if len(typed) + ended < 2:
        print(" ".join(verbs))
    elif typed[0] in USE:
        os.environ["COMP_LINE"] = " ".join([program, *typed[1:]]) + " " * ended
        return import_module(f"fer_exp.commands.{typed[0]}").main([COMPLETION_FLAGS[0], *words])
    return 0
