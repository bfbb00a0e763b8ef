"""The recorder of a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlflow.entities import RunTag

from fer_exp.errors import UserError, is_stop
from fer_exp.system.addresses import hide_secrets
from fer_exp.system.paths import command_line
from fer_exp.tracking.answers import get_run
from fer_exp.tracking.delivery import RETRYABLE, Delivery
from fer_exp.tracking.entries import Point
from fer_exp.tracking.errors import raises_server_unavailable
from fer_exp.tracking.journal import Journal
from fer_exp.tracking.provenance import machine
from fer_exp.tracking.recovery import deliver_run
from fer_exp.tracking.sender import Sender

if TYPE_CHECKING:
    from mlflow.entities import Run

    from fer_exp.tracking.store import TrackingStore

log = logging.getLogger(__name__)


class Recorder:
    """Writes one run into its journal; a thread delivers that to the server, and only the end of the run waits for it.

    As a context it ends the run: FINISHED, KILLED on KeyboardInterrupt, FAILED on other exceptions; where it only adds
    to a run that has ended, that run's status stays. Every metric carries the time at which it was made.

    Raises:
        UserError: from every method that records: the disk is full.
    """

    def __init__(
        self, store: TrackingStore, name: str, run_id: str | None = None, tags: Mapping[str, str] | None = None
    ) -> None:
        """Begin a journal for a run that the server has (`run_id`), or for one to be made there with these tags."""
        self.store, self.name, self.ended, self.closed = store, name, False, False
        self.end_is_recorded = False
        about = {"uri": store.uri, "experiment": store.experiment, "name": name, "run_id": run_id}
        self.journal = Journal.begin(store.journal, **about, at=time.time(), tags=dict(tags or {}))
        self._run_id = run_id
        self.stored_points: set[tuple[str, int]] = set()  # the metrics that the run has already, as (key, step)
        self.stored_params: set[str] = set()
        delivery = Delivery(self.journal)
        if store.experiment_id is not None:
            with suppress(*RETRYABLE):  # the thread tries again, and says so
                delivery.step()
        self.state = store.state / self.id
        self.sender = Sender(delivery)

    @classmethod
    def new(cls, store: TrackingStore, name: str, tags: Mapping[str, str]) -> Recorder:
        """Return the recorder of a run that begins now; a server that does not answer gets the run later."""
        return cls(store, name, tags=_tags(tags))

    @classmethod
    def for_finished(cls, store: TrackingStore, run: Run) -> Recorder:
        """Return a recorder that adds to a run that has ended."""
        self = cls(store, run.info.run_name, run.info.run_id)
        self.ended = True
        return self

    @classmethod
    def resumed(cls, store: TrackingStore, run: Run, tags: Mapping[str, str]) -> Recorder:
        """Return the recorder of a run that goes on: parameters and metrics that it has are not written again.

        What it recorded before, and the server has not received, is delivered first.

        Raises:
            ServerUnavailable: the server does not answer.
            UserError: another process has a journal of it.
        """
        deliver_run(store, run)
        run, points = _take_over(store, run, tags)
        self = cls(store, run.info.run_name, run.info.run_id)
        self.state, self.stored_points, self.stored_params = store.state_of(run), points, set(run.data.params)
        return self

    @property
    def id(self) -> str:
        """Return the run's id, or its journal's until the server knows the run; it is found by that later too."""
        return self._run_id or self.journal.run_id or self.journal.id

    @property
    def is_on_server(self) -> bool:
        """Return whether the server knows the run."""
        return self.id != self.journal.id

    def _append(self, op: str, **values: Any) -> None:
        self.journal.append(op, **values)
        self.sender.notify()

    def log_params(self, values: Mapping[str, Any]) -> None:
        """Record parameters, as text of at most 6 000 characters each."""
        new = {key: str(value)[:6000] for key, value in values.items() if key not in self.stored_params}
        self._append("parameters", values=new)

    def set_tags(self, values: Mapping[str, Any]) -> None:
        """Record tags, as text of at most 8 000 characters each."""
        self._append("tags", values=_tags(values))

    def log_metrics(self, values: Mapping[str, float], step: int = 0, at: int | None = None) -> None:
        """Record numbers at a step (an epoch: 1, 2, ...) or none; `at`: milliseconds since 1970, None for now."""
        if points := self._points(values, step, at):
            self._append("metrics", points=points)

    def _points(self, values: Mapping[str, float], step: int, at: int | None = None) -> list[Point]:
        at = int(time.time() * 1000) if at is None else at
        return [(key, float(value), at, step) for key, value in values.items() if (key, step) not in self.stored_points]

    def log_model(
        self, name: str, step: int, tags: Mapping[str, str], metrics: Mapping[str, float], digest: str
    ) -> None:
        """Record a checkpoint as one of MLflow's logged models, with its test metrics; its file stays the run's.

        Args:
            name: of the checkpoint: best or last.
            step: its epoch.
            tags: of the model, such as the variant of the run.
            metrics: `<kind>/<test set>`, logged to the run as well, each with its test set as MLflow's dataset.
            digest: of the test faces.
        """
        points = self._points(metrics, 0)
        self._append("model", name=f"{self.name}-{name}", step=step, tags=dict(tags), points=points, digest=digest[:36])

    def log_input(self, name: str, digest: str, source: str, profile: Mapping[str, Any], context: str) -> None:
        """Record a dataset input; `context` is its role, such as training or testing."""
        self._append("dataset", name=name, digest=digest[:36], source=source, profile=dict(profile), context=context)

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Record a file as an artifact; its content must not change any more, except by growing."""
        self._append_artifact(self.journal.keep(path), folder)

    def _append_artifact(self, path: Path, folder: str | None, table: bool = False) -> None:
        self._append("artifact", file=self.journal.local(path), folder=folder, table=table)

    def log_text(self, content: str, file: str) -> None:
        """Record a text artifact."""
        self._write_artifact(file, lambda path: path.write_text(content, encoding="utf-8"))

    def log_bytes(self, content: bytes, file: str) -> None:
        """Record an artifact of these bytes."""
        self._write_artifact(file, lambda path: path.write_bytes(content))

    def log_table(self, data: Any, file: str) -> None:
        """Record a pandas table that the user interface shows (`file` ends in .json), in place of one that is there."""
        self._write_artifact(file, lambda path: data.to_json(path, orient="split", index=False), table=True)

    def log_parquet(self, data: Any, file: str) -> None:
        """Record a pandas table as a parquet file."""
        self._write_artifact(file, lambda path: data.to_parquet(path, index=False))

    def log_figure(self, figure: Any, file: str) -> None:
        """Record a matplotlib figure."""
        self._write_artifact(file, figure.savefig)

    def _write_artifact(self, file: str, write: Callable[[Path], object], table: bool = False) -> None:
        folder, _, name = file.rpartition("/")
        with self.journal.file(name) as path:
            write(path)
        self._append_artifact(path, folder or None, table)

    def end(self, status: str) -> None:
        """End the run as FINISHED, FAILED or KILLED (the first call counts), and wait for the delivery."""
        if not self.ended:
            self.ended = True
            try:
                self.journal.append("end", safe=True, status=status, at=time.time())
                self.end_is_recorded = True
                self.sender.notify()
            except UserError as error:
                log.warning("warning: the end of this run is not recorded (%s); the next start closes it", error)
        self.close()

    def close(self) -> None:
        """Wait for the delivery, or say how to deliver later; nothing can be recorded afterwards."""
        if self.closed:
            return
        self.closed = True
        try:
            delivered = self.sender.flush()
        finally:
            if self.sender.stop():
                self.journal.close()
        if not delivered:
            log.warning(
                "warning: %d records of %s are kept in %s (%s: %s). When it answers: %s%s",
                self.journal.waiting,
                self.name,
                self.journal.folder,
                hide_secrets(self.store.uri),
                self.sender.failure,
                command_line("sync"),
                self.store.sync_options,
            )

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.end("FINISHED")
        else:
            self.end("KILLED" if is_stop(error) else "FAILED")


@raises_server_unavailable
def _take_over(store: TrackingStore, run: Run, tags: Mapping[str, str]) -> tuple[Run, set[tuple[str, int]]]:
    """Make a stored run this process's own; return it and the (key, step) of every metric that it has."""
    run_id, client = run.info.run_id, store.client
    resumed = int(run.data.tags.get("resumed", 0)) + 1
    new_tags = _tags({**machine(), **tags, "resumed": resumed})
    # its owner is set before its status: no other process takes it for an abandoned run
    client.log_batch(run_id, tags=[RunTag(key, value) for key, value in new_tags.items()])
    client.update_run(run_id, status="RUNNING")
    run = get_run(client, run_id)
    return run, {(key, p.step) for key in run.data.metrics for p in client.get_metric_history(run_id, key)}


def _tags(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value)[:8000] for key, value in values.items()}
