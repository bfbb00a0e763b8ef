"""The runs that a question is asked to, looked up before anything heavy is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fer_exp import datasets, tracking
from fer_exp.config.compose import from_stored

if TYPE_CHECKING:
    from fer_exp.config.commands import EvaluateConfig
    from fer_exp.config.live import LiveConfig
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
    assert cfg.run is not None  # what this function is called for
    return _find(cfg, cfg.run, "run")


def find_routed(cfg: EvaluateConfig) -> dict[str, list[Asked]]:
    """Return the runs that `route.normal` and `route.occluded` name, by the form that they answer.

    Raises:
        UserError: one of them is no run, is not finished, or kept no such checkpoint.
    """
    named = {"normal": cfg.route.normal or [], "occluded": cfg.route.occluded or []}
    return {
        form: [_find(cfg, name, f"route.{form}", finished=True) for name in dict.fromkeys(names)]
        for form, names in named.items()
    }


def find_shown(cfg: LiveConfig) -> dict[str, Asked]:
    """Return the runs whose networks are asked live, by what their answers are called.

    Raises:
        UserError: one of them is no run, or kept no such checkpoint.
    """
    named = {"run": cfg.run, "gender_run": cfg.gender_run, "compare_run": cfg.compare_run}
    return {key.removesuffix("_run"): _find(cfg, name, key) for key, name in named.items() if name is not None}


def _find(cfg: EvaluateConfig | LiveConfig, name: str, key: str, finished: bool = False) -> Asked:
    store = tracking.open_store(cfg.tracking.uri, cfg.tracking.experiment)
    store, run = tracking.find_named(store, name, key)
    if finished:
        tracking.check_finished(run, key)
    trained = from_stored(tracking.load_config(store, run))
    return Asked(store, run, trained, tracking.checkpoint_files(store, run, cfg.checkpoint))
