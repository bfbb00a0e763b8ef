"""Ask stored runs: test one again, send faces to two, or compare several on one page."""

from __future__ import annotations

from collections.abc import Sequence

import hydra
from omegaconf import DictConfig

from fer_exp.commands.entry import run_command, run_job
from fer_exp.config.commands import EvaluateConfig
from fer_exp.system.paths import CONF
from fer_exp.system.signals import deferred
from fer_exp.system.stderr import held_stderr


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="evaluate")
def job(cfg: DictConfig) -> None:
    """Answer one question."""

    def work(settings: EvaluateConfig) -> None:
        if settings.run:
            with deferred():
                from fer_exp.commands.question import find_asked
            asked = find_asked(settings)  # what needs no TensorFlow is said before it loads
            with held_stderr(), deferred():
                from fer_exp.commands import retest
            retest.retest(settings, asked)
        elif settings.route.runs:
            with deferred():
                from fer_exp.commands import route
                from fer_exp.commands.question import find_routed
            route.route(settings, find_routed(settings))
        else:
            with deferred():
                from fer_exp.commands import compare
            compare.of_question(settings)

    run_job("evaluate", cfg, work, own_process=False)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    return run_command("evaluate", job, words)
