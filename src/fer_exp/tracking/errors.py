"""The silence and the refusals of a tracking server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeGuard, TypeVar

from google.protobuf.json_format import ParseError
from mlflow import MlflowException
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

from fer_exp.config.tracking import SQLITE
from fer_exp.errors import UserError
from fer_exp.system.addresses import hide_secrets


class WrongAnswer(Exception):
    """An answer that is not what the call promises: of another program, or of a server that is broken."""


# what is raised where a server or database is away, slow, broken, or says no
UNAVAILABLE = (MlflowException, RequestException, SQLAlchemyError, OSError, WrongAnswer)
# what MLflow's client raises where it makes no sense of an answer
MISUNDERSTOOD = (ParseError, ValueError, LookupError, TypeError, AttributeError)
# how a server answers a request that it will never take; all else may pass
PERMANENT = (
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "MALFORMED_REQUEST",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_DOES_NOT_EXIST",
)


class HasUri(Protocol):
    """What is asked at an address: a tracking store."""

    @property
    def uri(self) -> str:
        """Return the address."""


Store = TypeVar("Store", bound=HasUri)
P = ParamSpec("P")
T = TypeVar("T")


class ServerUnavailable(UserError):
    """A tracking server or database that does not answer."""


class NotKept(ServerUnavailable):
    """A tracking server that took what it was sent, and does not have it."""


def promised(kept: bool, what: str) -> None:
    """Raise WrongAnswer unless an answer keeps what the call promises."""
    if not kept:
        raise WrongAnswer(f"it answers, but not as MLflow's server does: {what}")


@contextmanager
def understood() -> Iterator[None]:
    """Raise WrongAnswer where MLflow's client makes no sense of what it is answered."""
    try:
        yield
    except (*UNAVAILABLE, UserError):  # some of which are ValueErrors too
        raise
    except MISUNDERSTOOD as error:
        promised(False, str(error) or type(error).__name__)


def is_permanent(error: BaseException) -> TypeGuard[MlflowException]:
    """Return whether sending the same again is of no use."""
    return isinstance(error, MlflowException) and error.error_code in PERMANENT


def reason(error: BaseException) -> str:
    """Return an error in one line: the system's or database's own, where there is one, rather than a library's."""
    root, cause = error, error.__cause__ or error.__context__
    while cause is not None:
        root = cause if isinstance(cause, (OSError, SQLAlchemyError)) else root
        cause = cause.__cause__ or cause.__context__
    lines = str(root).strip().splitlines()
    return hide_secrets(lines[0] if lines else type(root).__name__)[:200]


def raises_server_unavailable(
    function: Callable[Concatenate[Store, P], T],
) -> Callable[Concatenate[Store, P], T]:
    """Make a function whose first argument is a store raise ServerUnavailable where the server does not answer."""

    @wraps(function)
    def wrapper(store: Store, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with understood():
                return function(store, *args, **kwargs)
        except UNAVAILABLE as error:
            if is_permanent(error):
                raise
            remedy = "start it, then try again"
            if store.uri.startswith(SQLITE):
                remedy = "see that you may read and write the file and its folder, and that the disk has room"
            raise ServerUnavailable(f"{hide_secrets(store.uri)} does not answer ({reason(error)}): {remedy}") from error

    return wrapper
