"""Errors that the user can mend: printed as a message, without a traceback."""


class UserError(Exception):
    """Something in the configuration, the data or the machine that the user can mend.

    The message names what is wrong, where (key, file) and the remedy.
    """


class ConfigError(UserError, ValueError):
    """A configuration value that cannot be meant; the message names key, value and what is allowed."""


class DataError(UserError):
    """A dataset that cannot be used as it is; the message names the file and the remedy."""
