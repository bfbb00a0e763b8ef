"""The words of a command line: what can be said of them before Hydra reads them, and how Hydra wants them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hydra._internal.utils import get_args_parser

from fer_exp.commands import help as help_
from fer_exp.commands.keys import chosen_keys, nearest_key
from fer_exp.config.tracking import refuse_secrets
from fer_exp.errors import ConfigError
from fer_exp.system.paths import CONF

OWN_OCCLUDER = "occlusion_changes."  # begins the keys of a stored run's own occluder, as EvaluateConfig has them
FREE_KEYS = (
    "where.",
    "dataset.rename",
    "test_datasets.",
    "published.results.",
    OWN_OCCLUDER,
)  # below them any key may stand
RUNS = ("runs", "route.normal", "route.occluded")  # keys with the ids of several runs, which need no brackets
LISTS = {("live", "output")}  # likewise with several values
TEXTS = {("live", "source")}  # which need no quotes: a stream's address has equals signs in it
IDS = ("run", "gender_run", "compare_run", "resume", "method.teacher", *RUNS)  # keys whose values are ids of runs
ID, QUOTED = re.compile(r"(?<![^\[, ])[0-9a-f]+(?![^\], ])"), r"'\g<0>'"  # an id or its beginning, without quotes
# groups of which the command chooses no option by itself
OPEN_GROUPS = {"evaluate": ("dataset",), "occlude": ("dataset",), "check": ("dataset",)}


def for_hydra(command: str, words: Sequence[str]) -> list[str]:
    """Return the words as Hydra wants them.

    Flags come first, where argparse takes them alone. A key that a user names is new, and Hydra wants that said; any
    other key is there already, and a plus before it would only hide that it is not. An id is text, even where it reads
    as a number, such as 12e45678.
    """
    ordered = sorted(words, key=lambda word: word not in ("-m", "--multirun"))
    if command == "evaluate" and not any(word.lstrip("+").startswith("occlusion=") for word in words):
        # of the run's own occluder, which is not known yet
        ordered = [re.sub(r"^\+*occlusion\.", OWN_OCCLUDER, word) for word in ordered]
    return [_for_hydra(command, word) for word in ordered]


def _for_hydra(command: str, word: str) -> str:
    plain = word.lstrip("+")
    if plain.startswith(FREE_KEYS):
        return f"++{plain}"
    key, equals, value = plain.partition("=")
    if (key in RUNS or (command, key) in LISTS) and value not in ("", "null") and not value.startswith("["):
        value = f"[{value}]"
    elif (command, key) in TEXTS and value and value[0] not in "'\"":
        value = "'" + value.replace("'", "\\'") + "'"
    if equals and key in IDS:
        value = ID.sub(QUOTED, value)
    return word if plain.startswith("hydra") else f"{key}{equals}{value}"


def check_words(command: str, words: Sequence[str]) -> None:
    """Raise ConfigError for what has to be said before Hydra begins.

    Hydra writes the words into its folder before they are looked at, secrets too; it has no words for a key of an
    option that nobody chose, takes `--epochs 3` for a flag, and sees no blank around an equals sign.
    """
    for word in words:
        if word.lstrip("+").startswith("tracking.uri="):
            refuse_secrets(word.split("=", 1)[1])
    _check_flags(command, words)
    _check_blanks(command, words)
    for group in OPEN_GROUPS.get(command, ()):
        keys = [word for word in words if word.lstrip("+").startswith(f"{group}.")]
        if keys and not any(word.lstrip("+").startswith(f"{group}=") for word in words):
            known = ", ".join(help_.options(CONF, command)[group])
            raise ConfigError(f"{keys[0]}: choose the option first, {group}=NAME ({known})")


def _check_flags(command: str, words: Sequence[str]) -> None:
    """Refuse flags that are not Hydra's: a key is meant."""
    flags = get_args_parser()._option_string_actions
    if {"-m", "--multirun"} & set(words) and {"-c", "--cfg"} & {word.partition("=")[0] for word in words}:
        raise ConfigError("--cfg shows the configuration of one run: leave -m out")
    for i, word in enumerate(words):
        name, _, value = word.partition("=")
        value = value or next((after for after in words[i + 1 : i + 2] if after[:1] != "-" and "=" not in after), "")
        ours = name == "--run" and command == "evaluate" and value  # Hydra's flag of this name takes no value
        if not word.startswith("-") or (not ours and any(flag.startswith(name) for flag in flags)):
            continue
        key = nearest_key(name.lstrip("-"), chosen_keys(CONF, command, words))
        given = f"{name} {value}".strip()
        if key is None:
            raise ConfigError(f"{given}: no such flag; keys are given as key=value, and --hydra-help lists the flags")
        raise ConfigError(f"{given}: keys are given without dashes and with =: {key}={value or 'VALUE'}")


def _check_blanks(command: str, words: Sequence[str]) -> None:
    """Refuse words that have no equals sign, or that blanks around one have made."""
    alone = list(_positional(words))
    for i, word in enumerate(alone):
        before, after = alone[i - 1 : i] if i else [], alone[i + 1 : i + 2]
        if word.startswith("="):
            parts = [*before, word, *(after if word == "=" else [])]
        elif word.endswith("=") and after and "=" not in after[0]:
            parts = [word, *after]
        elif "=" in word or word.startswith("~") or (after and after[0].startswith("=")):
            continue
        else:
            groups = help_.options(CONF, command)
            chosen = next((f"; did you mean {group}={word}?" for group in groups if word in groups[group]), "")
            quoted = f"; a value with blanks in it is quoted: \"{before[0].partition('=')[0]}='a b'\"" if before else ""
            raise ConfigError(f"{word}: not key=value{chosen or quoted}")
        raise ConfigError(f"{' '.join(parts)}: no blanks around =, say {''.join(parts)}")


def _positional(words: Sequence[str]) -> Iterator[str]:
    """Yield the words that are neither flags nor the values of flags."""
    flags = get_args_parser()._option_string_actions
    takes_value = False
    for word in words:
        if not word.startswith("-"):
            if not takes_value:
                yield word
            takes_value = False
        else:
            found = [flags[flag] for flag in flags if flag.startswith(word)]
            takes_value = ("=" not in word and bool(found) and found[0].nargs is None) or word in ("-i", "--info")
