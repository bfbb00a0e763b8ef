"""Runs and sweeps as tables on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import mean
from typing import TYPE_CHECKING

from rich.table import Table

from fer_exp.evaluation.results import find_marks
from fer_exp.inputs.variants import TEST_SETS, own_test_set
from fer_exp.reports.tables import print_table

if TYPE_CHECKING:
    from fer_exp.tracking import Run

ID = 8  # characters of an id that are shown, enough to name a run by


def print_runs(runs: Sequence[Run], experiments: Mapping[str, str]) -> None:
    """Print a table of runs as they come, with the accuracies of their best checkpoints.

    Args:
        runs: training runs, newest first.
        experiments: id -> name; a column names them where the runs are of several.
    """
    several = len({run.info.experiment_id for run in runs}) > 1
    shown = Table(title="runs, newest first: accuracy of the best checkpoint")
    for name in ("run", "name", *["experiment"] * several, "began", "status", *TEST_SETS, "sweep"):
        shown.add_column(name, justify="right" if name in TEST_SETS else "left", no_wrap=True)
    for run in runs:
        numbers = [_number(run.data.metrics.get(f"best/{test_set}")) for test_set in TEST_SETS]
        experiment = [experiments.get(run.info.experiment_id, "")] * several
        sweep = run.data.tags.get("sweep_id", "")
        name = run.info.run_name or ""
        shown.add_row(run.info.run_id[:ID], name, *experiment, _time(run), run.info.status.lower(), *numbers, sweep)
    print_table(shown)


def print_sweeps(sweeps: Mapping[str, Sequence[Run]]) -> None:
    """Print a row per sweep: how many of its runs finished, and how each variant does on its own test set.

    Args:
        sweeps: id -> its runs, oldest first.
    """
    shown = Table(title="their sweeps: mean accuracy of each variant on its own test set")
    for name in ("sweep", "began", "finished", "accuracy"):
        shown.add_column(name, no_wrap=name != "accuracy")
    for sweep, runs in sweeps.items():
        finished = [run for run in runs if run.info.status == "FINISHED"]
        by_row: dict[str, list[float]] = {}
        for run, mark in zip(finished, find_marks(finished), strict=True):
            variant = run.data.params.get("data", "")
            value = run.data.metrics.get(f"best/{own_test_set(variant)}")
            if value is not None:
                row = " ".join(filter(None, [run.data.params.get("model", ""), variant, mark]))
                by_row.setdefault(row, []).append(value)
        words = ", ".join(f"{row} {mean(values):.3f}" for row, values in sorted(by_row.items()))
        shown.add_row(sweep, _time(runs[0]), f"{len(finished)} of {len(runs)}", words)
    print_table(shown, wrap=True)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _time(run: Run) -> str:
    return f"{datetime.fromtimestamp(run.info.start_time / 1000):%Y-%m-%d %H:%M}"
