"""List the runs and sweeps that there are, newest first, with their accuracies."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from fer_exp.config.tracking import TrackingConfig
from fer_exp.errors import UserError
from fer_exp.system.paths import command_line
from fer_exp.tracking import experiment_names, newest_runs, open_store, sweep_runs

LAST = 20  # runs that are shown unless more are asked for


def list_runs(uri: str | None, experiment: str | None, sweep: str | None, last: int) -> None:
    """Print the last runs, and the sweeps that they belong to.

    Args:
        uri: of the tracking server or database; None: MLFLOW_TRACKING_URI, else the database in mlruns/.
        experiment: whose runs are shown; None: of all.
        sweep: whose runs are shown; None: all.
        last: how many runs at most.

    Raises:
        UserError: there is no such experiment, or the server does not answer.
    """
    from fer_exp.reports.run_list import print_runs, print_sweeps

    store = open_store(uri, TrackingConfig().experiment)
    names = experiment_names(store, experiment)
    stores = {name: store._replace(experiment_id=name) for name in names}
    if sweep is None:
        runs = newest_runs(store, list(names), last + 1)
    else:
        found = [run for of_experiment in stores.values() for run in sweep_runs(of_experiment, sweep)]
        runs = sorted(found, key=lambda run: run.info.start_time, reverse=True)
    if not runs:
        asked = [f"sweep {sweep}"] * (sweep is not None) + [f"experiment {experiment}"] * (experiment is not None)
        print(f"no runs yet{' of ' + ' in '.join(asked) if asked else ''}: {command_line('train')} makes one")
        return
    print_runs(runs[:last], names)
    belonging = {run.data.tags.get("sweep_id"): stores[run.info.experiment_id] for run in runs[:last]}
    if sweeps := {name: sweep_runs(of_sweep, name) for name, of_sweep in belonging.items() if name}:
        print_sweeps(sweeps)
    if len(runs) > last:
        print(f"the last {last} runs; --last N shows more")


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line and list; return the exit status."""
    parser = argparse.ArgumentParser(prog=command_line("runs"), description=__doc__)
    parser.add_argument("--experiment", help="the MLflow experiment whose runs are shown; all by default")
    parser.add_argument("--sweep", metavar="ID", help="show the runs of one -m command alone")
    parser.add_argument("--last", type=_positive, default=LAST, metavar="N", help=f"as many runs; {LAST} by default")
    parser.add_argument("--uri", help="another database or server: sqlite:////path/mlflow.db, http://...")
    args = parser.parse_args(words)
    logging.basicConfig(format="%(message)s")
    try:
        list_runs(args.uri, args.experiment, args.sweep, args.last)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number above 0")
    return int(text)
