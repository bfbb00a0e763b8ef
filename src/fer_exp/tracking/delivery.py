"""From the journal to the tracking server: in order, and each entry once, whatever happens on the way."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from functools import cached_property
from itertools import chain, takewhile
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag
from tqdm import tqdm

from fer_exp.errors import UserError
from fer_exp.tracking.answers import UNANSWERED, Unanswered, masked, reason, will_never_be_taken
from fer_exp.tracking.journal import Entry, Journal
from fer_exp.tracking.place import open_place

if TYPE_CHECKING:
    from mlflow.entities import Run

    from fer_exp.tracking.place import Place

log = logging.getLogger(__name__)

PATIENCE = 30  # seconds that the end of a run waits for a server that takes nothing
PAUSES = (1, 2, 4, 8, 15)  # seconds before it is asked again
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


class Courier:
    """Delivers a journal from a thread of its own, so that whoever writes it never waits for the server."""

    def __init__(self, delivery: Delivery):
        self.delivery, self.journal = delivery, delivery.journal
        self.turn = Condition()
        self.failing = ""  # why nothing is taken at present
        self.moved = time.monotonic()  # when something was taken last
        self.hurry = self.stopped = False
        self.bug: BaseException | None = None
        self.thread = Thread(target=self._work, name="delivery", daemon=True)
        self.thread.start()

    def notify(self) -> None:
        """More is there."""
        with self.turn:
            self.turn.notify_all()

    @property
    def waiting(self) -> int:
        """How many entries are not delivered."""
        return sum(1 for _ in self.journal.pending())

    def flush(self, patience: float | None = None) -> bool:
        """Wait until everything is delivered; False where the server takes nothing for `patience` seconds.

        A large file may take as long as it needs at a megabyte a second.
        """
        patience, began = PATIENCE if patience is None else patience, time.monotonic()
        total = self.waiting
        with self.turn, tqdm(total=total, desc="delivering to the tracking server", delay=2, leave=False) as bar:
            self.hurry = True
            self.turn.notify_all()
            while self.journal.is_behind and self.bug is None:
                self.turn.wait(0.2)
                bar.update(total - self.waiting - bar.n)
                silent = time.monotonic() - max(began, self.moved)
                if silent > patience + (0 if self.failing else self.delivery.allowed):
                    self.failing = self.failing or f"no answer for {silent:.0f} seconds"
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
        self.thread.join(1)
        return not self.thread.is_alive()

    def _work(self) -> None:
        failed = 0
        while not self.stopped:
            with self.turn:
                # not only when told: a writer may be interrupted before it tells
                while not (self.journal.is_behind or self.stopped):
                    self.turn.wait(1)
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
                    log.info("%s answers again", masked(self.delivery.uri))
                failed = 0
                with self.turn:
                    self.failing = ""
                    if sent:
                        self.moved = time.monotonic()
                    self.turn.notify_all()
                    if not sent and not self.stopped:  # in the midst of a line
                        self.turn.wait(0.1)

    def _pause(self, error: BaseException, failed: int) -> None:
        if not self.failing:
            log.warning(
                "warning: %s takes nothing (%s): this goes on, what it records is kept in %s until it does",
                masked(self.delivery.uri),
                reason(error),
                self.journal.folder,
            )
        with self.turn:
            self.failing = reason(error)
            seconds = PAUSES[min(failed, len(PAUSES)) - 1]
            self.turn.wait_for(lambda: self.hurry or self.stopped, seconds)
            if self.hurry and not self.stopped:
                self.turn.wait_for(lambda: self.stopped, PAUSES[0])


class Undeliverable(UserError):
    """A journal that its server will not take, whereas it may take others."""


def deliver(journal: Journal, uri: str | None = None) -> int:
    """Deliver a journal that was left; returns how many entries that took.

    Raises:
        Unanswered: the server takes nothing at present.
        Undeliverable: it does not know the run, or the experiment is deleted; or the journal is damaged.
    """
    try:
        delivery = Delivery(journal, uri)
        if run_id := journal.run_id:
            delivery.client.get_run(run_id)  # before a wrong server refuses all, one by one
        count = 0
        name = delivery.about["name"]
        with tqdm(total=sum(1 for _ in journal.pending()), desc=f"delivering {name}", delay=2, leave=False) as bar:
            while sent := delivery.step():
                count += sent
                bar.update(sent)
        return count
    except Unanswered:
        raise
    except UserError as error:
        raise Undeliverable(str(error)) from error
    except UNANSWERED as error:
        where = masked(uri or journal.about["uri"])
        if will_never_be_taken(error):
            raise Undeliverable(f"{journal.folder}: {where}: {reason(error)}") from error
        raise Unanswered(f"{where} does not answer ({reason(error)})") from error
    except Exception as error:
        raise Undeliverable(f"{journal.folder}: {type(error).__name__}: {reason(error)}") from error


def deliver_left(place: Place) -> int:
    """Deliver what processes that are gone recorded for this place and its server did not get; returns how much.

    A journal that the server will not take stays, and is named.

    Raises:
        Unanswered: the server takes nothing.
    """
    count = 0
    for journal in Journal.left(place.journal):
        try:
            if journal.about["uri"] == place.uri:
                count += deliver(journal)
        except Unanswered:
            raise
        except UserError as error:
            log.warning("warning: not delivered, and kept: %s", error)
        finally:
            journal.close()
    return count


def deliver_run(place: Place, run: Run) -> None:
    """Deliver all that processes that are gone recorded of this run.

    Raises:
        Unanswered: the server does not answer.
        UserError: another process has a journal of the run, or the server will not take it.
    """
    for journal in Journal.of(place.journal, place.names(run), PATIENCE):
        try:
            deliver(journal, place.uri)
        finally:
            journal.close()
