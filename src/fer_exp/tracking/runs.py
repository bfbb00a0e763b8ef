"""Reading runs back."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from mlflow.entities import Run

from fer_exp.errors import UserError
from fer_exp.tracking.errors import UNANSWERED, masked, reads, will_never_be_taken
from fer_exp.tracking.provenance import lives
from fer_exp.tracking.store import Place, check_run_id


@reads
def find_run(place: Place, run_id: str) -> tuple[Place, Run]:
    """A stored training run, and its place: that of its own experiment.

    Raises:
        UserError: there is none of that id, or it is none of training.
    """
    try:
        run = place.client.get_run(check_run_id(run_id))
    except UNANSWERED as error:
        if not will_never_be_taken(error):
            raise
        # one that began while the server was away was called by its journal's id
        everywhere = [experiment.experiment_id for experiment in place.client.search_experiments()]
        found = place.client.search_runs(everywhere, f"tags.journal = '{run_id}'")
        if not found:
            raise UserError(
                f"run={run_id}: not in {masked(place.uri)}; tracking.uri names another database or server"
            ) from error
        run = found[0]
    name = place.client.get_experiment(run.info.experiment_id).name
    if run.data.tags.get("kind") != "run":
        raise UserError(f"run={run_id}: {run.info.run_name} is no training run")
    return place._replace(experiment=name, experiment_id=run.info.experiment_id), run


@reads
def stored_files(place: Place, run: Run, folder: str) -> list[str]:
    """The artifacts of a run in a folder, by their paths."""
    return sorted(item.path for item in place.client.list_artifacts(run.info.run_id, folder) if not item.is_dir)


def fetch(place: Place, run: Run, file: str, folder: Path) -> Path:
    """An artifact as a local file; `folder` receives it if it is not local already.

    Raises:
        UserError: the run has no such artifact, or the server does not answer.
    """
    try:
        return Path(place.client.download_artifacts(run.info.run_id, file, str(folder)))
    except UNANSWERED as error:
        raise UserError(f"run {run.info.run_name} ({run.info.run_id}): no {file} among its artifacts") from error


def told(place: Place, run: Run) -> dict[str, Any]:
    """The configuration that a run keeps, as plain data.

    Raises:
        UserError: it has none: it ended before it had written it down.
    """
    with TemporaryDirectory() as scratch:
        return yaml.safe_load(fetch(place, run, "config.yaml", Path(scratch)).read_text())


@reads
def history(place: Place, run: Run, key: str) -> dict[int, float]:
    """A metric's value at each step; the latest where a step has several."""
    return {point.step: point.value for point in place.client.get_metric_history(run.info.run_id, key)}


@reads
def training_runs(place: Place, query: str = "") -> list[Run]:
    """The training runs of an experiment, oldest first; `query` narrows them in MLflow's words."""
    query = " and ".join(filter(None, ["tags.kind = 'run'", query]))
    order = ["attributes.start_time ASC"]
    found, token = [], None
    while True:
        page = place.client.search_runs(
            [place.experiment_id], query, max_results=1000, order_by=order, page_token=token
        )
        found += page
        token = page.token
        if not token:
            return found


def sweep_runs(place: Place, sweep_id: str) -> list[Run]:
    """The training runs of a sweep, oldest first, those included that it found done before.

    Raises:
        UserError: it is no sweep id.
    """
    if not re.fullmatch(r"s-[0-9a-z-]+", sweep_id):
        raise UserError(f"sweep={sweep_id}: a sweep id starts with s-")
    own = training_runs(place, f"tags.sweep_id = '{sweep_id}'")
    reused = training_runs(place, f"tags.`also_in.{sweep_id}` = 'true'")  # MLflow's queries have no "or"
    return sorted({run.info.run_id: run for run in reused + own}.values(), key=lambda run: run.info.start_time)


@reads
def close_dead(place: Place) -> list[Run]:
    """Mark as KILLED the runs that a process of this machine began and left RUNNING when it ended; returns them."""
    left = [run for run in training_runs(place, "attributes.status = 'RUNNING'") if lives(run.data.tags) is False]
    for run in left:
        place.client.set_terminated(run.info.run_id, "KILLED")
    return left


def checkpoint_files(place: Place, run: Run, which: str) -> dict[int, str]:
    """Epoch -> artifact, of the checkpoints that were asked for.

    Raises:
        UserError: the run kept no such epoch.
    """
    kept = {int(Path(file).stem.split("-")[1]): file for file in stored_files(place, run, "checkpoints")}
    if which == "all":
        wanted = sorted(kept)
    elif which.isdigit():
        wanted = [int(which)]
    else:
        key = {"best": "best_epoch", "last": "epochs_run"}[which]
        wanted = [int(run.data.metrics.get(key, 0))]
    if not wanted or not kept.keys() >= set(wanted):
        there = ", ".join(map(str, sorted(kept))) or "none"
        raise UserError(f"checkpoint={which}: run {run.info.run_name} ({run.info.status}) kept the epochs: {there}")
    return {epoch: kept[epoch] for epoch in wanted}
