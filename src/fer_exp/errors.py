"""Errors that the user can fix: printed as a message, without a traceback."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """An error in the configuration, the data or the machine that the user can fix.

    The message names what is wrong, where (key, file) and the remedy.
    """


class ConfigError(UserError, ValueError):
    """An impossible configuration value; the message names the key, the value and what is allowed."""


class DataError(UserError):
    """A dataset that cannot be used as it is; the message names the file and the remedy."""


def one_line(error: BaseException) -> str:
    """Return what a library says of an error as one line for a message: its words, else the name of its class."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 300 else f"{words[:300]} ..."


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of the words that this one is nearest to, or None where none is close."""
    return next(iter(get_close_matches(word, list(words), n=1)), None)


def is_stop(error: BaseException | None) -> bool:
    """Return whether an error is Ctrl-C or SIGTERM, or what a library made of it: its own clean-up may fail then."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return `; did you mean X?` for a message, or nothing where none of the words is close."""
    close = nearest(word, words)
    return f"; did you mean {close}?" if close else ""
