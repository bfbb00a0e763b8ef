"""Runs as people name them: by their id, its first characters, or their name."""

from __future__ import annotations

import re
from datetime import datetime

from mlflow.entities import Run

from fer_exp.errors import UserError
from fer_exp.system.paths import command_line
from fer_exp.tracking.errors import raises_server_unavailable
from fer_exp.tracking.ids import is_run_id
from fer_exp.tracking.listing import experiment_names
from fer_exp.tracking.runs import find_run
from fer_exp.tracking.store import TrackingStore

FEWEST = 4  # characters of an id that name a run
SHOWN = 5  # candidates in a message


def find_named(store: TrackingStore, name: str, key: str = "run") -> tuple[TrackingStore, Run]:
    """Return the training run that a user names, and the store set to its experiment.

    Args:
        store: where to look. Ids are looked for in every experiment, names too where the store's own has none such.
        name: an id, at least its first 4 characters, or the name of a run.
        key: of the configuration by which the user named it, for messages.

    Raises:
        UserError: it names no run, or several.
    """
    if is_run_id(name):
        return find_run(store, name, key)
    runs = _search(store, f"attributes.run_id LIKE '{name}%'") if re.fullmatch(rf"[0-9a-f]{{{FEWEST},}}", name) else []
    if not runs and "'" not in name:
        called = _search(store, f"attributes.run_name = '{name}'")
        runs = [run for run in called if run.info.experiment_id == store.experiment_id] or called
    if not runs:
        raise UserError(
            f"{key}={name}: no run has this name, and none an id that begins like this (with at least {FEWEST} "
            f"characters); {command_line('runs')} lists them"
        )
    if len(runs) > 1:
        newest = [_describe(run) for run in reversed(runs[-SHOWN:])]
        more = f" and {len(runs) - SHOWN} more" if len(runs) > SHOWN else ""
        raise UserError(f"{key}={name} names {len(runs)} runs; say one by its id: {', '.join(newest)}{more}")
    return find_run(store, runs[0].info.run_id, key)


@raises_server_unavailable
def _search(store: TrackingStore, query: str) -> list[Run]:
    """Return the training runs of all experiments that fit a query, oldest first."""
    order = ["attributes.start_time ASC"]
    return list(
        store.client.search_runs(list(experiment_names(store)), f"{query} and tags.kind = 'run'", order_by=order)
    )


def _describe(run: Run) -> str:
    began = datetime.fromtimestamp(run.info.start_time / 1000)
    return f"{run.info.run_id[:12]} ({run.info.run_name}, {run.info.status}, {began:%Y-%m-%d %H:%M})"
