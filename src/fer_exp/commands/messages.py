"""Hydra's and OmegaConf's errors in one line: the key, the value, what is allowed, the nearest match."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fer_exp.commands.help import options
from fer_exp.commands.keys import unknown_key
from fer_exp.errors import did_you_mean

KINDS = {"Integer": "a whole number", "Float": "a number", "Boolean": "true or false"}  # OmegaConf's kinds in words


def _chain(error: BaseException) -> str:
    """Return the texts of an error and of those that led to it."""
    texts: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        texts.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    return "\n".join(texts)


def _option(text: str, conf: Path) -> str | None:
    """Explain an option that its group does not have; None where the text is about something else."""
    match = re.search(r"Could not find '(\w+)/([^']+)'", text)
    if not match or match[1] not in options(conf):
        return None
    group, value = match[1], match[2]
    allowed = options(conf)
    if value not in allowed[group]:
        for other, names in allowed.items():
            if value in names:
                return f"{group}={value}: {value} is a {other}; did you mean {other}={value}?"
    return f"{group}={value}: must be one of {', '.join(allowed[group])}{did_you_mean(value, list(allowed[group]))}"


def _key(text: str, conf: Path, command: str, words: Sequence[str]) -> str | None:
    """Explain a key that there is not; None where the text is about something else."""
    match = re.search(r"Key '([^']+)' is not in struct\s+full_key: (\S+)", text)
    match = match or re.search(r"()Could not override '([^']+)'", text)
    return unknown_key(match[2], conf, command, words) if match else None


def _value(text: str) -> str | None:
    """Explain a value of the wrong kind; None where the text is about something else."""
    key = re.search(r"full_key: (\S+)", text)
    override = re.search(r"merging override (\S+)", text)
    kind = re.search(r"Value ('.*?') of type '\w+' could not be converted to (\w+)", text)
    invalid = re.search(r"Invalid value .*", text)
    if not key:
        return None
    if kind:
        reason = f"{kind[1]} is not {KINDS.get(kind[2], kind[2])}"
    elif invalid:
        reason = invalid[0]
    else:
        return None
    return f"{override[1] if override else key[1]}: {reason}"


def explain(error: BaseException, conf: Path, words: Sequence[str], command: str = "train") -> str:
    """Return one line for an error that Hydra or OmegaConf raised of these words, else their own text."""
    text = _chain(error)
    if "OverrideParseException" in type(error).__name__ or "LexerNoViableAlt" in text:
        return f"{text.splitlines()[0]} - quote values with , = ( ~ or blanks: \"dataset.root='a,b'\""
    return _option(text, conf) or _value(text) or _key(text, conf, command, words) or " ".join(text.split())
