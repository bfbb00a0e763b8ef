"""Readers: each turns files into a Faces table."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fer_exp.config.dataset import SCHEMAS, Duplicates, SyntheticConfig
from fer_exp.errors import ConfigError

if TYPE_CHECKING:
    from fer_exp.config.dataset import DatasetConfig
    from fer_exp.datasets.faces import Faces


def check_root(cfg: DatasetConfig) -> None:
    """Raise UserError where the folder that a dataset is read from is not named, or not there."""
    if cfg.root is not None or SCHEMAS.get(cfg.name, SyntheticConfig) is not SyntheticConfig:
        from fer_exp.datasets.listing import data_root

        data_root(cfg)


def load(cfg: DatasetConfig, *, size: int, workers: int) -> Faces:
    """Return the faces of a dataset, under the names of `cfg.rename`, cut down to `cfg.limit` in each part, and without
    twins where `cfg.duplicates` says so.

    `cfg.name` is the module in this package that reads it, by its own `load(cfg, *, size, workers)`. The first
    call builds a table and caches it; later ones read it back.

    Args:
        cfg: the chosen option of the config group `dataset`.
        size: side of the model's input in pixels; drawn faces are drawn at it, files keep their own size.
        workers: threads or processes that may build at the same time.

    Raises:
        ConfigError: there is no reader of that name, or a key that it needs is not set.
        DataError: the files cannot be used as they are.
    """
    try:
        reader = import_module(f"{__name__}.{cfg.name}")
        load_faces = reader.load
    except (ModuleNotFoundError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name != f"{__name__}.{cfg.name}":
            raise
        raise ConfigError(f"dataset.name={cfg.name}: there is no reader src/fer_exp/datasets/{cfg.name}.py") from error
    faces: Faces = load_faces(cfg, size=size, workers=workers)
    if cfg.rename:
        from fer_exp.datasets.class_names import rename

        faces = rename(faces, cfg.rename)
    if cfg.metadata is not None or cfg.group_pattern is not None:
        from fer_exp.datasets.people import add_metadata

        faces = add_metadata(faces, cfg)
    if cfg.limit is not None:
        from fer_exp.datasets.limit import limited_rows

        faces = faces.take(limited_rows(faces.ids, faces.labels, faces.parts, cfg.limit))
    if cfg.duplicates is Duplicates.exclude:
        from fer_exp.datasets.twins import leave_out_twins

        faces = leave_out_twins(faces, workers)
    return faces
