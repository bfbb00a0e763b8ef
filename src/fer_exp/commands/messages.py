"""Hydra's and OmegaConf's errors in one line: the key, the value, what is allowed, the nearest match."""

from __future__ import annotations

import difflib
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

from fer_exp.commands.help import command, options
from fer_exp.config.compose import COMMANDS, GROUPS


def known_keys(root: type) -> list[str]:
    """Every key that some configuration of this root accepts, dotted."""
    keys = []
    for name, kind in get_type_hints(root).items():
        keys.append(name)
        nodes = GROUPS.get(name, {}).values() or ([kind] if is_dataclass(kind) else [])
        keys += [f"{name}.{item.name}" for node in nodes for item in fields(node)]
    return sorted(set(keys))


def nearest(word: str, words: list[str]) -> str:
    """`; did you mean X?` or nothing."""
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _chain(error: BaseException) -> str:
    texts, seen = [], set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        texts.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


def _option(text: str, conf: Path) -> str | None:
    found = re.search(r"Could not find '(\w+)/([^']+)'", text)
    if not found or found[1] not in options(conf):
        return None
    group, value = found[1], found[2]
    allowed = options(conf)
    if value not in allowed[group]:
        for other, names in allowed.items():
            if value in names:
                return f"{group}={value}: {value} is a {other}; did you mean {other}={value}?"
    return f"{group}={value}: one of {', '.join(allowed[group])}{nearest(value, list(allowed[group]))}"


def _key(text: str, conf: Path, script: str) -> str | None:
    found = re.search(r"Key '([^']+)' is not in struct\s+full_key: (\S+)", text)
    found = found or re.search(r"()Could not override '([^']+)'", text)
    if not found:
        return None
    key = found[2]
    keys = known_keys(COMMANDS[script])
    hint = nearest(key, keys + list(options(conf, script))) or nearest(key.split(".")[-1], keys)
    return f"{key}: no such key{hint or f'; {command(script)} --help lists them'}"


def _value(text: str) -> str | None:
    found = re.search(r"full_key: (\S+)", text)
    given = re.search(r"merging override (\S+)", text)
    why = re.search(r"(Value '.*?' of type '\w+' could not be converted to \w+|Invalid value .*)", text)
    if not (found and why):
        return None
    reason = why[1].replace("Value '", "'").replace("of type 'str' could not be converted to", "is no")
    return f"{given[1] if given else found[1]}: {reason}"


def explain(error: BaseException, conf: Path, script: str = "train") -> str:
    """One line for an error that Hydra or OmegaConf raised; their own text where it is none of the known ones."""
    text = _chain(error)
    if "OverrideParseException" in type(error).__name__ or "LexerNoViableAlt" in text:
        return f"{text.splitlines()[0]} - quote values with , = ( ~ or blanks: \"dataset.root='a,b'\""
    return _option(text, conf) or _value(text) or _key(text, conf, script) or text.strip()
