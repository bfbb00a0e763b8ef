"""From the journal to the tracking server: in order, and each entry once, whatever happens on the way."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import cached_property
from itertools import chain, takewhile
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Experiment, InputTag, LoggedModelOutput, Metric, Param, RunTag

from fer_exp.errors import UserError
from fer_exp.tracking.errors import UNANSWERED, masked, reason, will_never_be_taken
from fer_exp.tracking.journal import Entry, Journal
from fer_exp.tracking.store import open_place

log = logging.getLogger(__name__)

AT_ONCE = 1000  # metrics, 100 parameters or tags: MLflow's limits
FEW = 100
NOT_NOW = (*UNANSWERED, UserError)
MALFORMED = (ValueError, KeyError, TypeError)  # what an entry brings about that cannot be meant
SLOWEST = 2**20  # bytes a second: a file may take that long before its server counts as silent
TABLES = "mlflow.loggedArtifacts"  # the tag by which the pages know tables among the artifacts


class Delivery:
    """Sends the entries of a journal; every one of them can be sent again without a trace.

    Metric points carry their time, so that MLflow stores equal ones once; a run is looked for by the journal that made
    it, and a logged model by its run and name, before another is made.

    Args:
        journal: locked by this process.
        uri: where to, instead of where the journal says.
    """

    def __init__(self, journal: Journal, uri: str | None = None):
        self.journal, self.about = journal, journal.about
        self.uri = uri or self.about["uri"]
        self.allowed = 0.0  # seconds that what is being sent may take
        self.singly = 0  # up to where entries are sent one by one

    @cached_property
    def client(self) -> MlflowClient:
        """Of the server; making it connects to a database."""
        return MlflowClient(tracking_uri=self.uri)

    def step(self) -> int:
        """Deliver what comes next; returns how many entries those were.

        Raises:
            NOT_NOW: the server did not take it now; nothing has changed.
        """
        pending = self.journal.pending()
        first = next(pending, None)
        if first is None:
            return 0
        entries, run_id = [first, *self._alike(first, pending)], self.journal.run_id
        try:
            run_id = self._send(run_id, first.op, entries) or run_id
        except (*UNANSWERED, *MALFORMED) as error:
            if first.op == "run" or not self._is_final(error, run_id):
                raise
            if len(entries) > 1:  # one of them alone is refused
                self.singly = entries[-1].end
                return self.step()
            if not self.journal.refused:
                said = "warning: %s refuses what it was sent, kept in %s: %s"
                log.warning(said, masked(self.uri), self.journal.folder, reason(error))
            self.journal.refuse(entries, run_id, reason(error))
        else:
            self.journal.advance(entries, run_id)
        return len(entries)

    def _send(self, run_id: str | None, op: str, entries: list[Entry]) -> str | None:
        known = {
            "run": self._run,
            "parameters": self._parameters,
            "tags": self._tags,
            "metrics": self._metrics,
            "model": self._model,
            "dataset": self._dataset,
            "artifact": self._artifact,
            "end": self._end,
        }
        if op not in known:
            raise ValueError(f"nobody knows what {op} is")
        self.allowed = 0.0
        return known[op](run_id, *(entry.values for entry in entries))

    def _is_final(self, error: BaseException, run_id: str | None) -> bool:
        """Whether an entry is refused for ever; not where a server does not know the run: it may be another one."""
        if not isinstance(error, UNANSWERED):
            return True
        if not will_never_be_taken(error):
            return False
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            self.client.get_run(run_id)
        return True

    def _alike(self, first: Entry, pending: Iterator[Entry]) -> list[Entry]:
        """The metrics that follow metrics: one request for many, where a slow server has let them pile up."""
        if first.op != "metrics" or first.end <= self.singly:
            return []
        room = AT_ONCE - len(first.values.get("points", ()))
        found = []
        for entry in takewhile(lambda entry: entry.op == "metrics", pending):
            room -= len(entry.values.get("points", ()))
            if room < 0:
                break
            found.append(entry)
        return found

    def _run(self, run_id: str | None, about: dict[str, Any]) -> str:
        """Find or make the run."""
        if about["run_id"]:
            return self.client.get_run(about["run_id"]).info.run_id
        place = open_place(self.uri, about["experiment"], wait=0)
        experiment_id = place.experiment_id
        if not place.is_local:
            self._warn_of_files(self.client.get_experiment(experiment_id))
        found = self.client.search_runs([experiment_id], f"tags.journal = '{self.journal.id}'")
        if not found:
            tags = about["tags"] | {"journal": self.journal.id}
            found = [self.client.create_run(experiment_id, int(about["at"] * 1000), tags, about["name"])]
        return found[0].info.run_id

    @staticmethod
    def _warn_of_files(experiment: Experiment) -> None:
        """Say where files of an experiment go that was not made by way of its server."""
        if experiment.artifact_location.startswith(("file:", "/")):
            log.warning(
                "warning: the files of tracking.experiment=%s go to %s on this machine, not to the server, for it was "
                "not made by way of the server: another name makes one that is",
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
        experiment_id = self.client.get_run(run_id).info.experiment_id
        known = self.client.search_logged_models([experiment_id], f"source_run_id = '{run_id}'")
        model = next((model for model in known if model.name == entry["name"]), None)
        if model is None:
            model = self.client.create_logged_model(
                experiment_id, entry["name"], run_id, tags=entry["tags"], model_type="keras"
            )
        elif str(model.status) == "READY":
            return
        points = [
            Metric(*point, model.model_id, point[0].rsplit("/", 1)[1], entry["digest"], run_id)
            for point in entry["points"]
        ]
        self.client.log_batch(run_id, metrics=points)
        outputs = self.client.get_run(run_id).outputs
        if model.model_id not in {o.model_id for o in (outputs.model_outputs if outputs else ())}:
            self.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, entry["step"])])
        self.client.finalize_logged_model(model.model_id, "READY")

    def _dataset(self, run_id: str, entry: dict[str, Any]) -> None:
        source, profile = json.dumps({"uri": entry["source"]}), json.dumps(entry["profile"])
        entity = Dataset(entry["name"], entry["digest"], "local", source, profile=profile)
        tags = [InputTag("mlflow.data.context", entry["context"])]
        self.client.log_inputs(run_id, datasets=[DatasetInput(entity, tags)])

    def _artifact(self, run_id: str, entry: dict[str, Any]) -> None:
        path = self.journal.path(entry["file"])
        name = "/".join(filter(None, [entry["folder"], path.name]))
        if path.is_file():
            self.allowed = path.stat().st_size / SLOWEST
            self.client.log_artifact(run_id, str(path), entry["folder"])
        # sent before, where the note of that is damaged
        elif name not in {item.path for item in self.client.list_artifacts(run_id, entry["folder"])}:
            raise ValueError(f"{path} is gone")
        if entry["table"]:
            told = json.loads(self.client.get_run(run_id).data.tags.get(TABLES, "[]"))
            if (table := {"path": name, "type": "table"}) not in told:
                self.client.set_tag(run_id, TABLES, json.dumps([*told, table]))

    def _end(self, run_id: str, entry: dict[str, Any]) -> None:
        self.client.set_terminated(run_id, entry["status"], int(entry["at"] * 1000))


def _parts(items: list[Any]) -> Iterator[list[Any]]:
    """As many at once as a request may hold."""
    for start in range(0, len(items), FEW):
        yield items[start : start + FEW]
