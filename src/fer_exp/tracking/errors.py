"""What a tracking server's silence, and its refusals, look like."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from mlflow import MlflowException
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

from fer_exp.errors import UserError

# what MLflow raises where a server or database is away, slow, broken, or says no
UNANSWERED = (MlflowException, RequestException, SQLAlchemyError, OSError)
# what a server says of a request that it will never take; all else may pass
FINAL = (
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "MALFORMED_REQUEST",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_DOES_NOT_EXIST",
)
Reader = TypeVar("Reader", bound=Callable[..., Any])


class Unanswered(UserError):
    """The tracking server or database does not answer."""


def will_never_be_taken(error: BaseException) -> bool:
    """Whether sending the same again is of no use."""
    return isinstance(error, MlflowException) and error.error_code in FINAL


def reason(error: BaseException) -> str:
    """An error in one line: what the system or database said, where it did, rather than what libraries made of it."""
    said, inner = error, error
    while (inner := inner.__cause__ or inner.__context__) is not None:
        said = inner if isinstance(inner, (OSError, SQLAlchemyError)) else said
    lines = str(said).strip().splitlines()
    return masked(lines[0] if lines else type(said).__name__)[:200]


def masked(text: str) -> str:
    """A text without the passwords of the addresses in it."""
    return re.sub(r"(://[^/@\s:]*):[^/@\s]*@", r"\1:***@", text)


def reads(function: Reader) -> Reader:
    """For functions of a place, which is their first argument: silence becomes Unanswered."""

    @wraps(function)
    def asking(place, *args, **kwargs):
        try:
            return function(place, *args, **kwargs)
        except UNANSWERED as error:
            if will_never_be_taken(error):
                raise
            raise Unanswered(
                f"{masked(place.uri)} does not answer ({reason(error)}): start it, then try again"
            ) from error

    return asking
