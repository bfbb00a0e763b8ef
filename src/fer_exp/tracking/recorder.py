"""Writing a run."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, Run, RunTag

from fer_exp.errors import UserError
from fer_exp.provenance import machine
from fer_exp.tracking.place import Place


class Recorder:
    """Writes one run. Every metric carries the time at which it was made, so that a repeat is stored once."""

    def __init__(self, place: Place, run: Run):
        self.place, self.name, self.id = place, run.info.run_name, run.info.run_id
        self.client = place.client
        self.ended = run.info.status != "RUNNING"
        self.known: set[tuple[str, int]] = set()  # metrics that it has already, as (key, step)
        self.again = False

    @classmethod
    def new(cls, place: Place, name: str, tags: Mapping[str, str]) -> Recorder:
        """Of a run that begins now."""
        return cls(place, place.client.create_run(place.experiment_id, run_name=name, tags=dict(tags)))

    @classmethod
    def resumed(cls, place: Place, run: Run, about: Mapping[str, str]) -> Recorder:
        """Of a run that goes on: parameters and metrics that it has are not written again. `about`: tags."""
        count = int(run.data.tags.get("resumed", 0)) + 1
        # whose it is before that it runs: no other process takes it for one that was left
        cls(place, run).tags({**machine(), **about, "resumed": count})
        place.client.update_run(run.info.run_id, status="RUNNING")
        self = cls(place, place.client.get_run(run.info.run_id))
        self.again = True
        for key in run.data.metrics:
            self.known |= {(key, point.step) for point in self.client.get_metric_history(self.id, key)}
        return self

    @property
    def state(self) -> Path:
        """The folder of this run's files in progress."""
        return self.place.state / check_run_id(self.id)

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Parameters, as text of at most 6 000 characters each."""
        had = self.client.get_run(self.id).data.params if self.again else {}
        items = [Param(key, str(value)[:6000]) for key, value in values.items() if key not in had]
        for start in range(0, len(items), 100):  # MLflow's limit
            self.client.log_batch(self.id, params=items[start : start + 100])

    def tags(self, values: Mapping[str, Any]) -> None:
        """Tags, as text of at most 8 000 characters each."""
        self.client.log_batch(self.id, tags=[RunTag(key, str(value)[:8000]) for key, value in values.items()])

    def metrics(self, values: Mapping[str, float], step: int = 0, at: int | None = None) -> None:
        """Numbers at a step (an epoch: 1, 2, ...), or without one; `at`: milliseconds since 1970, None for now."""
        at = int(time.time() * 1000) if at is None else at
        new = [Metric(key, v, at, step) for key, v in values.items() if (key, step) not in self.known]
        if new:
            self.client.log_batch(self.id, metrics=new)

    def model(self, name: str, step: int, tags: Mapping[str, str], metrics: Mapping[str, float], digest: str) -> None:
        """A checkpoint as one of MLflow's logged models, with its test metrics; its file stays the run's.

        Args:
            name: of the checkpoint: best, last.
            step: its epoch.
            tags: of the model; the run's own variant, for one.
            metrics: `<kind>/<test set>`, logged to the run as well, each with its test set as MLflow's dataset.
            digest: of the test faces.
        """
        model = self._model(f"{self.name}-{name}", tags)
        if model is None:
            return
        at = int(time.time() * 1000)
        points = [
            Metric(key, v, at, 0, model.model_id, key.rsplit("/", 1)[1], digest[:36], self.id)
            for key, v in metrics.items()
            if (key, 0) not in self.known
        ]
        self.client.log_batch(self.id, metrics=points)
        outputs = self.client.get_run(self.id).outputs
        if model.model_id not in {o.model_id for o in (outputs.model_outputs if outputs else ())}:
            self.client.log_outputs(self.id, [LoggedModelOutput(model.model_id, step)])
        self.client.finalize_logged_model(model.model_id, "READY")

    def _model(self, name: str, tags: Mapping[str, str]) -> Any:
        """A new logged model, or the one that was begun before; None where it was finished."""
        if self.again:
            query = f"source_run_id = '{self.id}'"
            for model in self.client.search_logged_models([self.place.experiment_id], query):
                if model.name == name:
                    return None if str(model.status) == "READY" else model
        return self.client.create_logged_model(
            self.place.experiment_id, name, self.id, tags=dict(tags), model_type="keras"
        )

    def dataset(self, name: str, digest: str, source: str, profile: Mapping[str, Any], context: str) -> None:
        """A dataset input; `context` is its role, such as training or testing."""
        entity = Dataset(name, digest[:36], "local", json.dumps({"uri": source}), profile=json.dumps(dict(profile)))
        tags = [InputTag("mlflow.data.context", context)]
        self.client.log_inputs(self.id, datasets=[DatasetInput(entity, tags)])

    def file(self, path: Path, folder: str | None = None) -> None:
        """A file, copied into the run's artifacts."""
        self.client.log_artifact(self.id, str(path), folder)

    def text(self, content: str, file: str) -> None:
        """A text artifact."""
        self.client.log_text(self.id, content, file)

    def table(self, data: Any, file: str) -> None:
        """A pandas table that the user interface shows (`file` ends in .json), in place of one that is there."""
        folder = str(Path(file).parent) if "/" in file else None
        if any(item.path == file for item in self.client.list_artifacts(self.id, folder)):
            self.text(data.to_json(orient="split", index=False), file)  # log_table would add its rows
        else:
            self.client.log_table(self.id, data, file)

    def frame(self, data: Any, file: str) -> None:
        """A pandas table as a parquet file."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / Path(file).name
            data.to_parquet(path, index=False)
            self.file(path, str(Path(file).parent))

    def figure(self, figure: Any, file: str) -> None:
        """A matplotlib figure."""
        self.client.log_figure(self.id, figure, file)

    def end(self, status: str) -> None:
        """FINISHED, FAILED or KILLED; the first call counts."""
        if not self.ended:
            self.ended = True
            self.client.set_terminated(self.id, status)


def check_run_id(run_id: str) -> str:
    """The id itself, if it is one.

    Raises:
        UserError: it is not 32 hex characters.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", str(run_id)):
        raise UserError(f"{run_id}: a run id has 32 characters 0-9a-f; quote it")
    return run_id
