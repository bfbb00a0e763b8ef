"""Writing a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlflow.entities import RunTag

from fer_exp.errors import UserError
from fer_exp.tracking.delivery import NOT_NOW, Delivery
from fer_exp.tracking.errors import masked, reads
from fer_exp.tracking.journal import Journal
from fer_exp.tracking.provenance import machine
from fer_exp.tracking.recovery import deliver_run
from fer_exp.tracking.sender import Courier

if TYPE_CHECKING:
    from mlflow.entities import Run

    from fer_exp.tracking.store import Place

log = logging.getLogger(__name__)


class Recorder:
    """Writes one run, into its journal; a thread delivers that to the server, which nobody waits for but the end.

    As a context it ends the run: FINISHED, KILLED on KeyboardInterrupt, FAILED on other exceptions; where it only adds
    to a run that has ended, that run's status stays. Every metric carries the time at which it was made.

    Raises:
        UserError: of every method that records: the disk is full.
    """

    def __init__(self, place: Place, name: str, run_id: str | None = None, tags: Mapping[str, str] | None = None):
        """A journal for a run that the server has (`run_id`), or for one that is to be made, with these tags."""
        self.place, self.name, self.ended, self.closed = place, name, False, False
        self.end_is_recorded = False
        about = {"uri": place.uri, "experiment": place.experiment, "name": name, "run_id": run_id}
        self.journal = Journal.begin(place.journal, **about, at=time.time(), tags=dict(tags or {}))
        self._run_id = run_id
        self.points_known: set[tuple[str, int]] = set()  # metrics that it has already, as (key, step)
        self.parameters_known: set[str] = set()
        delivery = Delivery(self.journal)
        if place.experiment_id is not None:
            with suppress(*NOT_NOW):  # the thread tries again, and says so
                delivery.step()
        self.state = place.state / self.id
        self.courier = Courier(delivery)

    @classmethod
    def new(cls, place: Place, name: str, tags: Mapping[str, str]) -> Recorder:
        """Of a run that begins now; where the server does not answer, it is made there when it does."""
        return cls(place, name, tags={key: _text(value, 8000) for key, value in tags.items()})

    @classmethod
    def beside(cls, place: Place, run: Run) -> Recorder:
        """Adds to a run that has ended."""
        self = cls(place, run.info.run_name, run.info.run_id)
        self.ended = True
        return self

    @classmethod
    def resumed(cls, place: Place, run: Run, about: Mapping[str, str]) -> Recorder:
        """Of a run that goes on: parameters and metrics that it has are not written again. `about`: tags.

        What it recorded before, and the server has not got, is delivered first.

        Raises:
            Unanswered: the server does not answer.
            UserError: another process has a journal of it.
        """
        deliver_run(place, run)
        run, points = _take_over(place, run, about)
        self = cls(place, run.info.run_name, run.info.run_id)
        self.state, self.points_known, self.parameters_known = place.state_of(run), points, set(run.data.params)
        return self

    @property
    def id(self) -> str:
        """The run's id; as long as the server does not know of it, its journal's, by which it is found later too."""
        return self._run_id or self.journal.run_id or self.journal.id

    @property
    def is_delivered(self) -> bool:
        """Whether the server knows the run."""
        return self.id != self.journal.id

    def _append(self, op: str, **values: Any) -> None:
        self.journal.append(op, **values)
        self.courier.notify()

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Parameters, as text of at most 6 000 characters each."""
        new = {key: _text(value, 6000) for key, value in values.items() if key not in self.parameters_known}
        self._append("parameters", values=new)

    def tags(self, values: Mapping[str, Any]) -> None:
        """Tags, as text of at most 8 000 characters each."""
        self._append("tags", values={key: _text(value, 8000) for key, value in values.items()})

    def metrics(self, values: Mapping[str, float], step: int = 0, at: int | None = None) -> None:
        """Numbers at a step (an epoch: 1, 2, ...), or without one; `at`: milliseconds since 1970, None for now."""
        if points := self._points(values, step, at):
            self._append("metrics", points=points)

    def _points(self, values: Mapping[str, float], step: int, at: int | None = None) -> list[tuple]:
        at = int(time.time() * 1000) if at is None else at
        return [(key, float(value), at, step) for key, value in values.items() if (key, step) not in self.points_known]

    def model(self, name: str, step: int, tags: Mapping[str, str], metrics: Mapping[str, float], digest: str) -> None:
        """A checkpoint as one of MLflow's logged models, with its test metrics; its file stays the run's.

        Args:
            name: of the checkpoint: best, last.
            step: its epoch.
            tags: of the model; the run's own variant, for one.
            metrics: `<kind>/<test set>`, logged to the run as well, each with its test set as MLflow's dataset.
            digest: of the test faces.
        """
        points = self._points(metrics, 0)
        self._append("model", name=f"{self.name}-{name}", step=step, tags=dict(tags), points=points, digest=digest[:36])

    def dataset(self, name: str, digest: str, source: str, profile: Mapping[str, Any], context: str) -> None:
        """A dataset input; `context` is its role, such as training or testing."""
        self._append("dataset", name=name, digest=digest[:36], source=source, profile=dict(profile), context=context)

    def file(self, path: Path, folder: str | None = None) -> None:
        """A file, into the run's artifacts; what it holds does not change any more, or only grows."""
        self._artifact(self.journal.keep(path), folder)

    def _artifact(self, path: Path, folder: str | None, table: bool = False) -> None:
        self._append("artifact", file=self.journal.local(path), folder=folder, table=table)

    def text(self, content: str, file: str) -> None:
        """A text artifact."""
        self._written(file, lambda path: path.write_text(content, encoding="utf-8"))

    def table(self, data: Any, file: str) -> None:
        """A pandas table that the user interface shows (`file` ends in .json), in place of one that is there."""
        self._written(file, lambda path: data.to_json(path, orient="split", index=False), table=True)

    def frame(self, data: Any, file: str) -> None:
        """A pandas table as a parquet file."""
        self._written(file, lambda path: data.to_parquet(path, index=False))

    def figure(self, figure: Any, file: str) -> None:
        """A matplotlib figure."""
        self._written(file, figure.savefig)

    def _written(self, file: str, write: Any, table: bool = False) -> None:
        folder, _, name = file.rpartition("/")
        with self.journal.file(name) as path:
            write(path)
        self._artifact(path, folder or None, table)

    def end(self, status: str) -> None:
        """FINISHED, FAILED or KILLED, the first call counts; returns when the server has all, or gives no answer."""
        if not self.ended:
            self.ended = True
            try:
                self.journal.append("end", safe=True, status=status, at=time.time())
                self.end_is_recorded = True
                self.courier.notify()
            except UserError as error:
                log.warning("warning: the end of this run is not recorded (%s): the next start closes it", error)
        self.close()

    def close(self) -> None:
        """Wait for the delivery, or say how it is done later; nothing can be recorded afterwards."""
        if self.closed:
            return
        self.closed = True
        try:
            delivered = self.courier.flush()
        finally:
            if self.courier.stop():
                self.journal.close()
        if not delivered:
            log.warning(
                "warning: %d records of %s are kept in %s (%s: %s). When it answers: python -m fer_exp sync%s",
                self.courier.waiting,
                self.name,
                self.journal.folder,
                masked(self.place.uri),
                self.courier.failing,
                self.place.sync_words,
            )

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.end("FINISHED")
        else:
            self.end("KILLED" if issubclass(kind, KeyboardInterrupt) else "FAILED")


@reads
def _take_over(place: Place, run: Run, about: Mapping[str, str]) -> tuple[Run, set[tuple[str, int]]]:
    """Make a stored run this process's own; returns it, and the (key, step) of every metric that it has."""
    run_id, client = run.info.run_id, place.client
    tags = {**machine(), **about, "resumed": int(run.data.tags.get("resumed", 0)) + 1}
    # whose it is before that it runs: no other process takes it for one that was left
    client.log_batch(run_id, tags=[RunTag(key, _text(value, 8000)) for key, value in tags.items()])
    client.update_run(run_id, status="RUNNING")
    run = client.get_run(run_id)
    return run, {(key, p.step) for key in run.data.metrics for p in client.get_metric_history(run_id, key)}


def _text(value: Any, most: int) -> str:
    return str(value)[:most]
