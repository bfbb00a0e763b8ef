"""A tracking server asked, and its answers held against what they promise."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from fer_exp.tracking.errors import NotKept, promised, understood
from fer_exp.tracking.ids import is_run_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from fer_exp.tracking.journal import Journal

HEALTH_TIMEOUT = 10  # seconds after which a silent server counts as hanging
Points = dict[tuple[int, int], float]  # of a metric: (milliseconds since 1970, step) -> value


def check_health(uri: str) -> None:
    """Raise UNAVAILABLE where a server does not answer soon, however slowly it sends what it says.

    A server that hangs is not waited for as long as a request may take.
    """
    answers: Queue[BaseException | None] = Queue()

    def ask() -> None:
        try:
            credentials = get_default_host_creds(uri)  # type: ignore[no-untyped-call]  # MLflow does not annotate it
            http_request(  # type: ignore[no-untyped-call]  # nor this
                credentials, "/health", "GET", max_retries=0, timeout=HEALTH_TIMEOUT
            )
            answers.put(None)
        except BaseException as error:
            answers.put(error)

    # the request's own limit is between two bytes
    Thread(target=ask, name="health", daemon=True).start()
    try:
        error = answers.get(timeout=HEALTH_TIMEOUT)
    except Empty:
        raise TimeoutError(f"no answer within {HEALTH_TIMEOUT} seconds") from None
    if error is not None:
        raise error


def check_new_run(run: Run) -> str:
    """Return the id of a run that a server says it has; raise WrongAnswer where it is none."""
    promised(is_run_id(run.info.run_id), "a run without an id")
    return run.info.run_id


def get_run(client: MlflowClient, run_id: str) -> Run:
    """Return a stored run.

    Raises:
        MlflowException: the server does not know it.
        WrongAnswer: the answer is another run, or none.
    """
    with understood():
        run = client.get_run(run_id)
        promised(run.info.run_id == run_id, f"asked for the run {run_id}")
        return run


def check_kept(client: MlflowClient, run_id: str, journal: Journal) -> None:
    """Read back what a journal says is delivered: a server can take all that it is sent, and keep nothing.

    Parameters, tags, datasets and logged models are looked for by their names, metrics by their points. The files are
    looked for one by one when they are sent, and are removed here then.

    Raises:
        NotKept: the server lacks some of it.
        UNAVAILABLE: it does not answer.
    """
    run = get_run(client, run_id)
    with understood():
        lacking = next(_lacking(client, run, journal), None)
    if lacking is not None:
        raise NotKept(f"it took what it was sent, and does not have {lacking}")


def _lacking(client: MlflowClient, run: Run, journal: Journal) -> Iterator[str]:
    """Yield what a run lacks of its journal."""
    names: dict[str, set[Any]] = {"parameter": set(), "tag": set(), "dataset": set()}
    metrics: dict[str, Points] = {}
    models: set[str] = set()
    for op, values, _ in journal.delivered():
        if op == "run":
            names["tag"] |= values["tags"].keys()
        elif op == "parameters":
            names["parameter"] |= values["values"].keys()
        elif op == "tags":
            names["tag"] |= values["values"].keys()
        elif op == "dataset":
            names["dataset"].add(values["name"])
        elif op == "model":
            models.add(values["name"])
        elif op == "artifact" and journal.path(values["file"]).exists():
            yield f"the file {values['file']}"
        elif op == "end" and run.info.status == "RUNNING":
            yield "the end of the run"
        for key, value, at, step in values.get("points", ()):
            metrics.setdefault(key, {})[at, step] = value
    inputs = run.inputs.dataset_inputs if run.inputs else []
    stored = {"parameter": run.data.params, "tag": run.data.tags, "dataset": {item.dataset.name for item in inputs}}
    for kind, wanted in names.items():
        for name in sorted(wanted - set(stored[kind])):
            yield f"the {kind} {name}"
    if len(run.outputs.model_outputs if run.outputs else []) < len(models):
        yield "the logged models"
    for key, points in metrics.items():
        if not _has_points(client, run, key, points):
            yield f"the metric {key}"


def _has_points(client: MlflowClient, run: Run, key: str, points: Points) -> bool:
    """Return whether a run has all points of a metric; its history is asked for where its last value does not say."""
    if [run.data.metrics.get(key)] == list(points.values()):
        return True
    history = client.get_metric_history(run.info.run_id, key)
    return points.keys() <= {(point.timestamp, point.step) for point in history}
