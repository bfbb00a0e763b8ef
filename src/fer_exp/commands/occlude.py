"""Write the covered copy of a dataset or of a folder of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import hydra
from omegaconf import DictConfig

from fer_exp.commands.entry import run_command, run_job
from fer_exp.config.commands import OccludeConfig
from fer_exp.system.paths import CONF
from fer_exp.system.signals import deferred


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="occlude")
def job(cfg: DictConfig) -> None:
    """Write one copy; in a sweep, start it as a process of its own."""

    def work(settings: OccludeConfig) -> None:
        with deferred():
            from fer_exp.copies import make
        make.make(settings)

    run_job("occlude", cfg, work)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    return run_command("occlude", job, words)
