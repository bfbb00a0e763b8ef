"""Readers: each turns files into a Faces table."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from fer_exp.errors import ConfigError

if TYPE_CHECKING:
    from fer_exp.datasets.faces import Faces
    from fer_exp.datasets.schema import DatasetConfig


def load(cfg: DatasetConfig, *, size: int, workers: int) -> Faces:
    """The faces of fer_exp.datasets.<cfg.name>, at most `cfg.limit` of each part.

    Args:
        cfg: the dataset.
        size: the model's input size in pixels, which built-in faces are drawn at.
        workers: processes or threads that read.

    Raises:
        ConfigError: no reader has that name.
        DataError: the files are not what the reader expects.
    """
    from fer_exp.datasets.limit import limited

    name = f"{__name__}.{cfg.name}"
    try:
        reader = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ConfigError(f"dataset.name={cfg.name}: no reader; it would be {name}") from error
    return limited(reader.load(cfg, size=size, workers=workers), cfg.limit)
