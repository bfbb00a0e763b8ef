"""What can be said of a run before TensorFlow is imported, which takes longer than all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_exp import datasets
from fer_exp.config.model import PretrainedConfig
from fer_exp.config.test_datasets import other_datasets
from fer_exp.errors import UserError
from fer_exp.landmarks import detect
from fer_exp.system.workers import worker_count

if TYPE_CHECKING:
    from fer_exp.config.train import TrainConfig
    from fer_exp.datasets.faces import Faces


def load_early(cfg: TrainConfig) -> Faces | None:
    """Return the faces of a run; None where learned weights come first, which are looked at before any face.

    Raises:
        UserError: the folder of a dataset is not there, or its faces cannot be used.
    """
    check_roots(cfg)
    if isinstance(cfg.model, PretrainedConfig) and cfg.model.weights is not None:
        return None
    return detect.load(cfg.dataset, size=cfg.model.size, workers=worker_count(cfg.workers))


def check_roots(cfg: TrainConfig) -> None:
    """Raise UserError where the folder of a dataset that a run is trained or tested on is not there."""
    datasets.check_root(cfg.dataset)
    for name, dataset in other_datasets(cfg.test_datasets, cfg.tests).items():
        try:
            datasets.check_root(dataset)
        except UserError as error:
            raise type(error)(str(error).replace("dataset.", f"test_datasets.{name}.")) from error
