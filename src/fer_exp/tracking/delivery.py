"""Delivery of a journal to the tracking server: in order, and each entry once, whatever happens on the way."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain, takewhile
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Experiment, InputTag, LoggedModelOutput, Metric, Param, RunTag

from fer_exp.errors import UserError
from fer_exp.system.addresses import hide_secrets
from fer_exp.tracking.answers import check_kept, check_new_run, get_run
from fer_exp.tracking.entries import UNREADABLE, Entry
from fer_exp.tracking.errors import (
    UNAVAILABLE,
    NotKept,
    is_permanent,
    promised,
    reason,
    understood,
)
from fer_exp.tracking.journal import REFUSED, Journal
from fer_exp.tracking.progress import Progress
from fer_exp.tracking.store import open_store

log = logging.getLogger(__name__)

METRICS_AT_ONCE = 1000  # in a request: MLflow's limits
ITEMS_AT_ONCE = 100  # parameters or tags
RETRYABLE = (*UNAVAILABLE, UserError)
SLOWEST = 2**20  # bytes a second: a file may take that long before its server counts as silent
TABLES = "mlflow.loggedArtifacts"  # the tag by which the pages know tables among the artifacts


class Undoable(Exception):
    """An entry that nobody can deliver, whatever the server says."""


class Delivery:
    """Sends the entries of a journal; each of them can be sent again without a trace.

    Metric points carry their time, so that MLflow stores equal ones once; a run is looked for by the journal that made
    it, and a logged model by its run and name, before another is made.

    Args:
        journal: locked by this process.
        uri: where to send them, instead of where the journal says.
    """

    def __init__(self, journal: Journal, uri: str | None = None) -> None:
        self.journal, self.about = journal, journal.about
        self.uri = uri or self.about["uri"]
        self.seconds_allowed = 0.0  # that what is being sent may take
        self.one_by_one_until = 0  # the position up to which entries are sent one by one

    @cached_property
    def client(self) -> MlflowClient:
        """Return a client of the server; making it connects to a database."""
        return MlflowClient(tracking_uri=self.uri)

    def step(self) -> int:
        """Deliver what comes next, and return how many entries those were.

        Raises:
            RETRYABLE: the server did not take it now; nothing has changed.
        """
        pending = self.journal.pending()
        first = next(pending, None)
        if first is None:
            return 0
        entries, run_id = [first, *self._following_metrics(first, pending)], self.journal.run_id
        try:
            if first.op == UNREADABLE:
                raise Undoable("the line is damaged or makes no sense")
            run_id = self._send(run_id, first.op, entries) or run_id
        except (*UNAVAILABLE, Undoable) as error:
            if first.op == "run" or not self._is_final(error, run_id):
                raise
            if len(entries) > 1:  # one of them alone is refused
                self.one_by_one_until = entries[-1].end
                return self.step()
            self._set_aside(entries, run_id, error)
        else:
            self.journal.advance(entries, run_id)
        return len(entries)

    def confirm(self) -> None:
        """Read back what was delivered, and note that the server has it.

        Raises:
            NotKept: it lacks some of it, so that all is to be delivered again.
            RETRYABLE: it does not answer now; nothing has changed.
        """
        run_id = self.journal.run_id
        assert run_id is not None  # else not even the run is delivered
        try:
            check_kept(self.client, run_id, self.journal)
        except NotKept:
            self.journal.note(Progress(run_id=run_id))
            raise
        self.journal.note(self.journal.progress._replace(confirmed=self.journal.progress.position))

    def _set_aside(self, entries: list[Entry], run_id: str | None, error: BaseException) -> None:
        """Put entries aside that can never be delivered, and say so once."""
        if not self.journal.refused:
            who = "this run recorded what cannot be delivered"
            if not isinstance(error, Undoable):
                who = f"{hide_secrets(self.uri)} refuses what it was sent"
            log.warning("warning: %s, which is kept in %s/%s: %s", who, self.journal.folder, REFUSED, reason(error))
        self.journal.refuse(entries, run_id, reason(error))

    def _send(self, run_id: str | None, op: str, entries: list[Entry]) -> str | None:
        operations: dict[str, Callable[..., str | None]] = {
            "run": self._run,
            "parameters": self._parameters,
            "tags": self._tags,
            "metrics": self._metrics,
            "model": self._model,
            "dataset": self._dataset,
            "artifact": self._artifact,
            "end": self._end,
        }
        self.seconds_allowed = 0.0
        with understood():
            return operations[op](run_id, *(entry.values for entry in entries))

    def _is_final(self, error: BaseException, run_id: str | None) -> bool:
        """Return whether an entry is refused for ever; raise if the server does not know the run: it may be another."""
        if not isinstance(error, Undoable) and not is_permanent(error):
            return False
        assert run_id is not None  # entries after the first one have a run
        get_run(self.client, run_id)
        return True

    def _following_metrics(self, first: Entry, pending: Iterator[Entry]) -> list[Entry]:
        """Return the metrics that follow metrics: one request for many, where a slow server has let them pile up."""
        if first.op != "metrics" or first.end <= self.one_by_one_until:
            return []
        room = METRICS_AT_ONCE - len(first.values["points"])
        entries: list[Entry] = []
        for entry in takewhile(lambda entry: entry.op == "metrics", pending):
            room -= len(entry.values["points"])
            if room < 0:
                break
            entries.append(entry)
        return entries

    def _run(self, run_id: str | None, about: dict[str, Any]) -> str:
        """Find or make the run, and return its id."""
        if about["run_id"]:
            return get_run(self.client, about["run_id"]).info.run_id
        store = open_store(self.uri, about["experiment"], wait=0)
        experiment_id = store.experiment_id
        assert experiment_id is not None  # else opening the store has raised
        if not store.is_local:
            self._warn_of_files(self.client.get_experiment(experiment_id))
        if runs := self.client.search_runs([experiment_id], f"tags.journal = '{self.journal.id}'"):
            return check_new_run(runs[0])
        tags = about["tags"] | {"journal": self.journal.id}
        return check_new_run(self.client.create_run(experiment_id, int(about["at"] * 1000), tags, about["name"]))

    @staticmethod
    def _warn_of_files(experiment: Experiment) -> None:
        """Say where the files of an experiment go that was not created through its server."""
        if experiment.artifact_location.startswith(("file:", "/")):
            log.warning(
                "warning: the files of tracking.experiment=%s go to %s on this machine, not to the server, because the "
                "experiment was not created through the server; another name creates one that is",
                experiment.name,
                experiment.artifact_location,
            )

    def _parameters(self, run_id: str, entry: dict[str, Any]) -> None:
        items = [Param(key, value) for key, value in entry["values"].items()]
        for part in _parts(items):
            self.client.log_batch(run_id, params=part)

    def _tags(self, run_id: str, entry: dict[str, Any]) -> None:
        items = [RunTag(key, value) for key, value in entry["values"].items()]
        for part in _parts(items):
            self.client.log_batch(run_id, tags=part)

    def _metrics(self, run_id: str, *entries: dict[str, Any]) -> None:
        points = chain.from_iterable(entry["points"] for entry in entries)
        self.client.log_batch(run_id, metrics=[Metric(*point) for point in points])

    def _model(self, run_id: str, entry: dict[str, Any]) -> None:
        experiment_id = get_run(self.client, run_id).info.experiment_id
        models = self.client.search_logged_models([experiment_id], f"source_run_id = '{run_id}'")
        model = next((model for model in models if model.name == entry["name"]), None)
        if model is None:
            model = self.client.create_logged_model(
                experiment_id, entry["name"], run_id, tags=entry["tags"], model_type="keras"
            )
            promised(bool(model.model_id), "a logged model without an id")
        elif str(model.status) == "READY":
            return
        points = [
            Metric(key, value, time, step, model.model_id, key.rsplit("/", 1)[1], entry["digest"], run_id)
            for key, value, time, step in entry["points"]
        ]
        self.client.log_batch(run_id, metrics=points)
        outputs = get_run(self.client, run_id).outputs
        if model.model_id not in {o.model_id for o in (outputs.model_outputs if outputs else ())}:
            self.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, entry["step"])])
        self.client.finalize_logged_model(model.model_id, "READY")

    def _dataset(self, run_id: str, entry: dict[str, Any]) -> None:
        source, profile = json.dumps({"uri": entry["source"]}), json.dumps(entry["profile"])
        entity = Dataset(entry["name"], entry["digest"], "local", source, profile=profile)
        tags = [InputTag("mlflow.data.context", entry["context"])]
        self.client.log_inputs(run_id, datasets=[DatasetInput(entity, tags)])

    def _artifact(self, run_id: str, entry: dict[str, Any]) -> None:
        try:
            path = self.journal.path(entry["file"])
        except ValueError as error:
            raise Undoable(str(error)) from error
        name = "/".join(filter(None, [entry["folder"], path.name]))
        size = path.stat().st_size if path.is_file() else None
        if size is not None:
            self.seconds_allowed = size / SLOWEST
            self.client.log_artifact(run_id, str(path), entry["folder"])
        stored = {item.path: item.file_size or 0 for item in self.client.list_artifacts(run_id, entry["folder"])}
        # a file that was sent before is gone; it comes up again where delivered.json is damaged
        if size is None and name not in stored:
            raise Undoable(f"{path} is missing")
        promised(stored.get(name, -1) >= (size or 0), f"it took {name}, and does not have it")
        if entry["table"]:
            tables = json.loads(get_run(self.client, run_id).data.tags.get(TABLES, "[]"))
            if (table := {"path": name, "type": "table"}) not in tables:
                self.client.set_tag(run_id, TABLES, json.dumps([*tables, table]))

    def _end(self, run_id: str, entry: dict[str, Any]) -> None:
        self.client.set_terminated(run_id, entry["status"], int(entry["at"] * 1000))


def _parts(items: list[Any]) -> Iterator[list[Any]]:
    """Yield as many at once as a request may hold."""
    for start in range(0, len(items), ITEMS_AT_ONCE):
        yield items[start : start + ITEMS_AT_ONCE]
