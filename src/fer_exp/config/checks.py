"""Ranges that values of several groups must keep to."""

from fer_exp.errors import ConfigError


def positive(key: str, value: float) -> None:
    """Raise ConfigError unless value > 0."""
    if not value > 0:
        raise ConfigError(f"{key}={value}: above 0")


def share(key: str, value: float) -> None:
    """Raise ConfigError unless 0 <= value < 1."""
    if not 0 <= value < 1:
        raise ConfigError(f"{key}={value}: from 0 to below 1")
