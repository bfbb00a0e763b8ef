"""Say how many seeds and faces would show a difference, from the runs of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig

from fer_exp.commands.entry import run_command, run_job
from fer_exp.config.commands import PlanConfig
from fer_exp.errors import UserError
from fer_exp.system.paths import CONF

if TYPE_CHECKING:
    import pandas as pd


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="plan")
def job(cfg: DictConfig) -> None:
    """Answer for one sweep."""
    run_job("plan", cfg, plan, own_process=False)


def plan(settings: PlanConfig) -> None:
    """Print how many seeds of each training would show a difference of so many points.

    Raises:
        UserError: the sweep has no finished runs, or none that say how trainings vary.
    """
    from fer_exp import tracking
    from fer_exp.evaluation import power
    from fer_exp.evaluation.groups import group_runs, latest_runs
    from fer_exp.evaluation.results import load

    store = tracking.open_store(settings.tracking.uri, settings.tracking.experiment)
    runs = [run for run in tracking.sweep_runs(store, settings.sweep) if run.info.status == "FINISHED"]
    if not runs:
        raise UserError(
            f"sweep={settings.sweep}: no finished run in {store.experiment}; tracking.experiment names another"
        )
    for title, members in group_runs(runs).items():
        results, notes = load(store, latest_runs(members)[0])
        table = power.plan(results, settings.checkpoint, settings.difference / 100, settings.power)
        show(table, title, settings)
        for note in notes:
            print(f"note: {note}")


def show(table: pd.DataFrame, title: str, settings: PlanConfig) -> None:
    """Print the answer of one matrix."""
    from rich.table import Table

    from fer_exp.evaluation import power
    from fer_exp.reports.tables import print_table

    head = f"seeds of each training that would show {settings.difference:g} points in {settings.power:.0%} of cases"
    shown = Table(title=" ".join(filter(None, [head, title])))
    for name in ("tested on", "faces", "seeds", "power", "SD of seeds", "shown by the seeds there are"):
        shown.add_column(name, justify="left" if name == "tested on" else "right", no_wrap=True)
    for row in table.itertuples():
        seeds = f"more than {power.SEEDS[-1]}" if row.seeds != row.seeds else f"{row.seeds:.0f}"
        least = "" if row.least != row.least else f"{100 * row.least:.1f} points"
        deviation = f"{100 * row.seed_deviation:.1f} points"
        shown.add_row(row.tested_on, f"{row.faces:.0f}", seeds, f"{row.power:.2f}", deviation, least)
    print_table(shown)
    print("p corrected for all pairs of rows on all test sets, as the stars of the answer page are")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    return run_command("plan", job, words)
