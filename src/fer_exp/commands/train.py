"""Train a model on one variant of a dataset and test it on every variant."""

from __future__ import annotations

from collections.abc import Sequence

import hydra
from omegaconf import DictConfig

from fer_exp.commands.entry import run_command, run_job
from fer_exp.commands.sweep import invocation, overrides
from fer_exp.config.compose import to_plain
from fer_exp.config.train import TrainConfig
from fer_exp.system.paths import CONF
from fer_exp.system.signals import deferred
from fer_exp.system.stderr import held_stderr


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def job(cfg: DictConfig) -> None:
    """Train one run, or go on with one; in a sweep, start it as a process of its own."""

    def work(settings: TrainConfig) -> None:
        resolved = to_plain(cfg)
        if settings.resume:
            with deferred():
                from fer_exp.commands import continuation
            continuation.resume(settings, resolved, overrides())
            return
        from fer_exp.commands.early import load_early

        faces = load_early(settings)  # what needs no TensorFlow is said before it loads
        with held_stderr(), deferred():
            from fer_exp.commands import run
        run.train(settings, resolved, overrides(), invocation().sweep_id, faces=faces)

    run_job("train", cfg, work)


def summarise(sweep_id: str, settings: TrainConfig, planned: int) -> None:
    """Record the matrix of a sweep's runs, as a run of its own."""
    with deferred():
        from fer_exp.commands import compare
    compare.of_sweep(sweep_id, settings.tracking.uri, settings.tracking.experiment, planned)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    return run_command("train", job, words, summarise)
