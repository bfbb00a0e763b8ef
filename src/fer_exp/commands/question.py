"""The runs that a question is asked to, looked up before anything heavy is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fer_exp import datasets, tracking
from fer_exp.config.compose import from_stored

if TYPE_CHECKING:
    from fer_exp.config.commands import EvaluateConfig
    from fer_exp.config.train import TrainConfig


class Asked(NamedTuple):
    """A stored run, and what of it is tested again.

    Attributes:
        store: set to the run's own experiment.
        run: as it is stored.
        trained: the configuration that it keeps.
        files: epoch -> artifact of each checkpoint that is asked for.
    """

    store: tracking.TrackingStore
    run: tracking.Run
    trained: TrainConfig
    files: dict[int, str]


def find_asked(cfg: EvaluateConfig) -> Asked:
    """Return the run that `run=` names, and its checkpoints.

    Raises:
        UserError: no such run or checkpoint, or the other dataset's folder is not there.
    """
    if cfg.dataset is not None:
        datasets.check_root(cfg.dataset)
    store = tracking.open_store(cfg.tracking.uri, cfg.tracking.experiment)
    assert cfg.run is not None  # what this function is called for
    store, stored = tracking.find_named(store, cfg.run)
    trained = from_stored(tracking.load_config(store, stored))
    return Asked(store, stored, trained, tracking.checkpoint_files(store, stored, cfg.checkpoint))


def find_routed(cfg: EvaluateConfig) -> dict[str, list[Asked]]:
    """Return the runs that `route.normal` and `route.occluded` name, by the form that they answer.

    Raises:
        UserError: one of them is no run, is not finished, or kept no such checkpoint.
    """
    store = tracking.open_store(cfg.tracking.uri, cfg.tracking.experiment)

    def find(name: str, key: str) -> Asked:
        found, stored = tracking.find_named(store, name, key)
        tracking.check_finished(stored, key)
        trained = from_stored(tracking.load_config(found, stored))
        return Asked(found, stored, trained, tracking.checkpoint_files(found, stored, cfg.checkpoint))

    named = {"normal": cfg.route.normal or [], "occluded": cfg.route.occluded or []}
    return {form: [find(name, f"route.{form}") for name in dict.fromkeys(names)] for form, names in named.items()}
