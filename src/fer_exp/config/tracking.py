"""Where runs are kept: the keys `tracking.*` of every command."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from fer_exp.errors import ConfigError


@dataclass
class TrackingConfig:
    """The server or database where MLflow keeps runs, and the experiment."""

    uri: str | None = None
    experiment: str = "fer-exp"

    def __post_init__(self) -> None:
        if self.uri is not None and urlsplit(self.uri).password:
            raise ConfigError(
                "tracking.uri holds a password, and every run records it where all can read it: set "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or the whole address in MLFLOW_TRACKING_URI"
            )
