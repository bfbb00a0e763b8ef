"""Checks of ranges that the values of several groups share."""

from fer_exp.errors import ConfigError


def check_positive(key: str, value: float) -> None:
    """Raise ConfigError unless value > 0."""
    if not value > 0:
        raise ConfigError(f"{key}={value}: must be above 0")


def check_fraction(key: str, value: float) -> None:
    """Raise ConfigError unless 0 <= value < 1."""
    if not 0 <= value < 1:
        raise ConfigError(f"{key}={value}: must be from 0 to below 1")
