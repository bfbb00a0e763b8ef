"""Where runs are kept: the keys `tracking.*` of every command."""

from __future__ import annotations

from dataclasses import dataclass

from fer_exp.errors import ConfigError
from fer_exp.system.addresses import hide_secrets

SQLITE = "sqlite:///"
DATABASE_SERVERS = ("postgresql", "postgres", "mysql", "mariadb", "mssql", "oracle")


@dataclass
class TrackingConfig:
    """The server or database where MLflow keeps runs, and the experiment."""

    uri: str | None = None
    experiment: str = "fer-exp"

    def __post_init__(self) -> None:
        if self.uri is not None:
            check_uri(self.uri)


def refuse_secrets(uri: str, key: str = "tracking.uri") -> None:
    """Raise ConfigError where an address holds a password or a token: runs and journals record it."""
    if (hidden := hide_secrets(uri)) != uri:
        raise ConfigError(
            f"{key}={hidden} holds a user, password or token, and every run records it where all can read it: set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, instead"
        )


def check_uri(uri: str, key: str = "tracking.uri") -> None:
    """Raise ConfigError unless runs can be kept at an address, and all may read it."""
    if uri.split(":", 1)[0].split("+", 1)[0] in DATABASE_SERVERS:
        uri = hide_secrets(uri)
        raise ConfigError(
            f"{key}={uri}: a database on a server is not used directly, because the files of the runs would stay on "
            f"this machine. Start `mlflow server --backend-store-uri {uri} --artifacts-destination FOLDER` and give "
            f"its address: {key}=http://HOST:5000"
        )
    refuse_secrets(uri, key)
    if not uri.startswith(("http://", "https://", SQLITE)):
        raise ConfigError(f"{key}={uri}: must be a server (http://...) or a database (sqlite:////path/mlflow.db)")
