"""From the journal to the tracking server: in order, and each entry once, whatever happens on the way."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from itertools import chain, takewhile
from threading import Condition, Thread
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag
from tqdm import tqdm

from fer_exp.errors import UserError
from fer_exp.tracking.answers import UNANSWERED, Unanswered, reason, will_never_be_taken
from fer_exp.tracking.journal import Entry, Journal
from fer_exp.tracking.place import open_place

log = logging.getLogger(__name__)

PATIENCE = 30  # seconds that the end of a run waits for a server that takes nothing
PAUSES = (1, 2, 4, 8, 15)  # seconds before it is asked again
AT_ONCE = 1000  # metrics, 100 parameters or tags: MLflow's limits
FEW = 100
NOT_NOW = (*UNANSWERED, UserError)
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
        about = journal.first().values
        self.journal, self.uri = journal, uri or about["uri"]
        self.client = MlflowClient(tracking_uri=self.uri)

    @property
    def run_id(self) -> str | None:
        """The run's id on the server, once it has it."""
        return self.journal.run_id

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
            run_id = getattr(self, f"_{first.op}")(run_id, *(entry.values for entry in entries)) or run_id
        except NOT_NOW as error:
            if first.op == "run" or not will_never_be_taken(error):
                raise
            if not self.journal.refused:
                log.warning(
                    "warning: %s refuses what it was sent, kept in %s: %s", self.uri, self.journal.folder, error
                )
            self.journal.refuse(entries, run_id, reason(error))
        else:
            self.journal.advance(entries, run_id)
        return len(entries)

    @staticmethod
    def _alike(first: Entry, pending: Iterator[Entry]) -> list[Entry]:
        """The metrics that follow metrics: one request for many, where a slow server has let them pile up."""
        if first.op != "metrics":
            return []
        room = AT_ONCE - len(first.values["points"])
        found = []
        for entry in takewhile(lambda entry: entry.op == "metrics", pending):
            room -= len(entry.values["points"])
            if room < 0:
                break
            found.append(entry)
        return found

    def _run(self, run_id: str | None, about: dict[str, Any]) -> str:
        """Find or make the run."""
        if about["run_id"]:
            return self.client.get_run(about["run_id"]).info.run_id
        experiment_id = open_place(self.uri, about["experiment"]).experiment_id
        found = self.client.search_runs([experiment_id], f"tags.journal = '{self.journal.id}'")
        if not found:
            tags = about["tags"] | {"journal": self.journal.id}
            found = [self.client.create_run(experiment_id, int(about["at"] * 1000), tags, about["name"])]
        return found[0].info.run_id

    def _parameters(self, run_id: str, entry: dict[str, Any]) -> None:
        items = [Param(key, value) for key, value in entry["values"].items()]
        for start in range(0, len(items), FEW):
            self.client.log_batch(run_id, params=items[start : start + FEW])

    def _tags(self, run_id: str, entry: dict[str, Any]) -> None:
        items = [RunTag(key, value) for key, value in entry["values"].items()]
        for start in range(0, len(items), FEW):
            self.client.log_batch(run_id, tags=items[start : start + FEW])

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
        self.client.log_artifact(run_id, str(self.journal.path(entry["file"])), entry["folder"])
        if entry["table"]:
            told = json.loads(self.client.get_run(run_id).data.tags.get(TABLES, "[]"))
            name = "/".join(filter(None, [entry["folder"], self.journal.path(entry["file"]).name]))
            if (table := {"path": name, "type": "table"}) not in told:
                self.client.set_tag(run_id, TABLES, json.dumps([*told, table]))

    def _end(self, run_id: str, entry: dict[str, Any]) -> None:
        self.client.set_terminated(run_id, entry["status"], int(entry["at"] * 1000))


class Courier:
    """Delivers a journal from a thread of its own, so that whoever writes it never waits for the server."""

    def __init__(self, delivery: Delivery):
        self.delivery = delivery
        self.turn = Condition()
        self.waiting = sum(1 for _ in delivery.journal.pending())
        self.failing = ""  # why nothing is taken at present
        self.hurry = self.stopped = False
        self.bug: BaseException | None = None
        self.thread = Thread(target=self._work, name="delivery", daemon=True)
        self.thread.start()

    def notify(self) -> None:
        """One more entry is there."""
        with self.turn:
            self.waiting += 1
            self.turn.notify_all()

    def flush(self, patience: float | None = None) -> bool:
        """Wait until everything is delivered; False where the server takes nothing for `patience` seconds."""
        patience = PATIENCE if patience is None else patience
        with self.turn, tqdm(total=self.waiting, desc="delivering to the tracking server", delay=2, leave=False) as bar:
            self.hurry, moved = True, time.monotonic()
            self.turn.notify_all()
            while self.waiting and self.bug is None:
                before = self.waiting
                self.turn.wait(0.2)
                if self.waiting != before:
                    moved = time.monotonic()
                    bar.update(before - self.waiting)
                elif self.failing and time.monotonic() - moved > patience:
                    return False
            self.hurry = False
        if self.bug is not None:
            raise self.bug
        return True

    def stop(self) -> bool:
        """End the thread, what is left stays in the journal; False where a server that hangs still holds it."""
        with self.turn:
            self.stopped = True
            self.turn.notify_all()
        self.thread.join(5)
        return not self.thread.is_alive()

    def _work(self) -> None:
        failed = 0
        while not self.stopped:
            with self.turn:
                self.turn.wait_for(lambda: self.waiting or self.stopped)
            try:
                sent = 0 if self.stopped else self.delivery.step()
            except NOT_NOW as error:
                failed += 1
                self._pause(error, failed)
            except BaseException as error:  # ours: raised where somebody waits
                with self.turn:
                    self.bug = error
                    self.turn.notify_all()
                return
            else:
                if self.failing:
                    log.info("%s answers again", self.delivery.uri)
                failed = 0
                with self.turn:
                    self.waiting, self.failing = self.waiting - sent, ""
                    self.turn.notify_all()

    def _pause(self, error: BaseException, failed: int) -> None:
        if not self.failing:
            log.warning(
                "warning: %s does not answer (%s): this goes on, what it records is kept in %s until it does",
                self.delivery.uri,
                reason(error),
                self.delivery.journal.folder,
            )
        with self.turn:
            self.failing = reason(error)
            seconds = PAUSES[min(failed, len(PAUSES)) - 1]
            self.turn.wait_for(lambda: self.hurry or self.stopped, seconds)
            if self.hurry and not self.stopped:
                self.turn.wait_for(lambda: self.stopped, PAUSES[0])


def deliver(journal: Journal, uri: str | None = None) -> int:
    """Deliver a journal that was left; returns how many entries that took.

    Raises:
        Unanswered: the server takes nothing, or does not know the run.
    """
    delivery, count = Delivery(journal, uri), 0
    name = journal.first().values["name"]
    with tqdm(total=sum(1 for _ in journal.pending()), desc=f"delivering {name}", delay=2, leave=False) as bar:
        try:
            while sent := delivery.step():
                count += sent
                bar.update(sent)
        except NOT_NOW as error:
            raise Unanswered(f"{name}: {delivery.uri} does not take it ({reason(error)})") from error
    return count
