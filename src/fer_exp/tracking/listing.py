"""The runs of several experiments, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from mlflow.entities import Experiment, Run

from fer_exp.errors import UserError, did_you_mean
from fer_exp.tracking.errors import raises_server_unavailable
from fer_exp.tracking.store import TrackingStore

MOST = 1000  # that MLflow returns at once


@raises_server_unavailable
def experiment_names(store: TrackingStore, name: str | None = None) -> dict[str, str]:
    """Return id -> name of the experiments of a store; of the one called `name` alone, where that is given.

    Raises:
        UserError: there is no such experiment.
    """
    found: Sequence[Experiment] = store.client.search_experiments()
    names = {experiment.experiment_id: experiment.name for experiment in found}
    if name is None:
        return names
    if name not in names.values():
        known = ", ".join(sorted(names.values()))
        raise UserError(f"experiment {name}: there is none; there are {known}{did_you_mean(name, names.values())}")
    return {key: value for key, value in names.items() if value == name}


@raises_server_unavailable
def newest_runs(store: TrackingStore, experiment_ids: Sequence[str], count: int) -> list[Run]:
    """Return the last `count` training runs of some experiments (at most `MOST`), newest first."""
    order = ["attributes.start_time DESC"]
    most = min(count, MOST)
    return list(store.client.search_runs(list(experiment_ids), "tags.kind = 'run'", max_results=most, order_by=order))
