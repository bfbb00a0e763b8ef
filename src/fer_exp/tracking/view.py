"""The shared view that presets the runs table and its charts: undocumented in MLflow, so nothing depends on it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

NAME = "matrix"  # the printed addresses open it
TAG = f"mlflow.sharedViewState.{NAME}"
# what 1280 pixels show: MLflow makes each column 100 wide, metrics first; the run's name begins with its model
COLUMNS = [
    *(f"metrics.`best/{test_set}`" for test_set in ("normal", "occluded")),
    *(f"params.`{name}`" for name in ("dataset", "data", "seed")),
]
CURVES = {"loss": ["loss", "val_loss"], "accuracy": ["accuracy", "val_accuracy"]}


def state() -> str:
    """Return the view as JSON: the columns of the table; the charts open with the curves, then `best` and `last`."""
    return json.dumps(
        {
            "searchFilter": "",
            "orderByKey": "attributes.start_time",
            "orderByAsc": False,
            "startTime": "ALL",
            "lifecycleFilter": "Active",
            "datasetsFilter": [],
            "modelVersionFilter": "All Runs",
            "selectedColumns": COLUMNS,
            "columnOrder": [],  # neither this nor the widths have an effect
            "columnWidths": {},
            "runsExpanded": {},
            "runsPinned": [],
            "runsHidden": [],
            "runsVisibilityMap": {},
            "runListHidden": False,
            "viewMaximized": False,
            "compareRunCharts": [_curves(name, metrics) for name, metrics in CURVES.items()],
            "compareRunSections": [_section(name) for name in ("training", "best", "last")],
            "isAccordionReordered": True,  # else sections are sorted by name
        }
    )


def renew(client: MlflowClient, experiment_id: str) -> None:
    """Give an experiment that another version made this version's view."""
    with suppress(MlflowException):  # a database that cannot be written shows its own
        if client.get_experiment(experiment_id).tags.get(TAG) != state():
            client.set_experiment_tag(experiment_id, TAG, state())


def _section(name: str) -> dict[str, Any]:
    return {"uuid": name, "name": name, "display": True, "isReordered": False, "deleted": False, "isGenerated": True}


def _curves(name: str, metrics: list[str]) -> dict[str, Any]:
    """Return a chart of the section `training` with these metrics by epoch; all keys are MLflow's defaults else."""
    return {
        "type": "LINE",
        "uuid": f"training-{name}",
        "metricSectionId": "training",
        "displayName": name,
        "metricKey": metrics[0],
        "selectedMetricKeys": metrics,
        "runsCountToCompare": 10,
        "deleted": False,
        "isGenerated": False,
        "lineSmoothness": 0,
        "xAxisKey": "step",
        "xAxisScaleType": "linear",
        "selectedXAxisMetricKey": "",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "scaleType": "linear",
        "range": {},
        "ignoreOutliers": False,
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }
