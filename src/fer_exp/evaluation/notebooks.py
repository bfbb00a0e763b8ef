"""Stored results as pandas tables, for a notebook: fer_exp.load_predictions and fer_exp.load_matrix."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pandas as pd

from fer_exp import tracking
from fer_exp.config.tracking import TrackingConfig
from fer_exp.errors import UserError, did_you_mean
from fer_exp.evaluation.groups import group_runs, latest_runs
from fer_exp.evaluation.results import CHECKPOINTS, RunResult, find_marks, matrix_rows
from fer_exp.inputs.variants import order_test_sets

if TYPE_CHECKING:
    from fer_exp.tracking import Run


def load_predictions(run_id: str, checkpoint: str = "best", uri: str | None = None) -> pd.DataFrame:
    """Return what a run predicted: a row per test face, in file order.

    Args:
        run_id: of a training run, the first characters of its id, or its name.
        checkpoint: best or last.
        uri: of the tracking database or server; None: MLFLOW_TRACKING_URI, else the database in mlruns/.

    Returns:
        Columns id and label, and `<test set>/<class>`: float32 probabilities of each face uncovered (`normal`), covered
        (`occluded`) and as each further test set has it.

    Raises:
        UserError: there is no such run, or it has no predictions.
    """
    _check_checkpoint(checkpoint)
    store, run = tracking.find_named(tracking.open_store(uri, TrackingConfig().experiment), run_id)
    with TemporaryDirectory() as scratch:
        return pd.read_parquet(
            tracking.download_artifact(store, run, f"predictions/{checkpoint}.parquet", Path(scratch))
        )


def load_matrix(
    sweep_id: str,
    checkpoint: str = "best",
    metric: str = "accuracy",
    uri: str | None = None,
    experiment: str = TrackingConfig().experiment,
) -> pd.DataFrame:
    """Return the matrix of a sweep's finished runs: a row per variant trained on, a column per test set.

    Args:
        sweep_id: as the sweep printed it, `s-...`.
        checkpoint: best or last.
        metric: accuracy, balanced_accuracy, macro_f1, loss, ci_low, ci_high, change, or one of your own.
        uri: as `load_predictions` takes it.
        experiment: in which the sweep's runs are.

    Returns:
        Means over seeds. The index is `trained_on`; where runs differ in more than variant and seed (model, ...),
        `matrix` stands before it and says in what. The columns are `tested_on`.

    Raises:
        UserError: the sweep has no finished run, or none that logged the metric.
    """
    _check_checkpoint(checkpoint)
    runs = tracking.sweep_runs(tracking.open_store(uri, experiment), sweep_id)
    finished = [run for run in runs if run.info.status == "FINISHED"]
    if not finished:
        raise UserError(f"sweep={sweep_id}: no finished run in {experiment}; experiment= names another")
    prefix = checkpoint if metric == "accuracy" else f"{checkpoint}_{metric}"
    rows = {
        (title, variant): values
        for title, members in group_runs(finished).items()
        for variant, values in _means(latest_runs(members)[0], prefix).items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    if table.empty:
        known = {key.split("/")[0].removeprefix(f"{checkpoint}_") for run in finished for key in run.data.metrics}
        raise UserError(f"metric={metric}: no run of {sweep_id} logged it{did_you_mean(metric, sorted(known))}")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["matrix", "trained_on"])
    if table.index.get_level_values("matrix").nunique() == 1:
        table = table.droplevel("matrix")
    return table[order_test_sets(list(table.columns))].rename_axis(columns="tested_on")


def _means(runs: list[Run], prefix: str) -> dict[str, dict[str, float]]:
    """Return variant -> test set -> a metric's mean over the runs of the variant."""
    results = [RunResult(run, {}, mark) for run, mark in zip(runs, find_marks(runs), strict=True)]
    means = {}
    for variant in matrix_rows(results):
        values = pd.DataFrame([_on_test_sets(r.run, prefix) for r in results if r.variant == variant])
        means[variant] = values.mean().to_dict()
    return means


def _on_test_sets(run: Run, prefix: str) -> dict[str, float]:
    return {key.split("/", 1)[1]: value for key, value in run.data.metrics.items() if key.startswith(f"{prefix}/")}


def _check_checkpoint(checkpoint: str) -> None:
    if checkpoint not in CHECKPOINTS:
        raise UserError(f"checkpoint={checkpoint}: must be one of {', '.join(CHECKPOINTS)}")
