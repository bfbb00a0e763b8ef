"""Look through a dataset: what is wrong with it, before a night is lost to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from fer_exp.commands.entry import run_command, run_job
from fer_exp.config.commands import CheckConfig
from fer_exp.config.dataset import AUTO, Duplicates, OnBad
from fer_exp.errors import DataError
from fer_exp.system.paths import CONF
from fer_exp.system.signals import deferred
from fer_exp.system.workers import worker_count

FILE = "problems.csv"


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="check")
def job(cfg: DictConfig) -> None:
    """Look through one dataset."""
    run_job("check", cfg, check, own_process=False)


def check(settings: CheckConfig) -> None:
    """Print what is wrong with a dataset, and list it in a file of the output folder.

    Raises:
        DataError: something is wrong with it.
    """
    with deferred():
        from fer_exp import datasets
        from fer_exp.datasets.people import warn_of_people
        from fer_exp.datasets.twins import find_twins
        from fer_exp.reports.problems import find_problems, print_problems
        from fer_exp.reports.tables import as_csv

    assert settings.dataset is not None  # CheckConfig says so
    asked = replace(settings.dataset, on_bad=OnBad.skip, duplicates=Duplicates.report)
    if asked.landmarks == AUTO:
        asked = replace(asked, landmarks=None)
    workers = worker_count(settings.workers)
    faces = datasets.load(asked, size=224, workers=workers)
    warn_of_people(faces)
    problems = find_problems(faces, find_twins(faces, workers))
    print_problems(faces, problems)
    if len(problems):
        file = Path(HydraConfig.get().runtime.output_dir) / FILE
        file.write_text(as_csv(problems), errors="backslashreplace")
        raise DataError(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}; {file} lists them all")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    return run_command("check", job, words)
