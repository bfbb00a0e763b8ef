"""Small trainings in this process, and what is stored of them."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from configs import composed
from mlflow import MlflowClient

from fer_exp.commands import run

# everything that has a state: dropout, augmentation, an optimizer with moments, both rules
WORDS = ["model.size=16", "model.blocks=[[4],[8]]", "model.dropout=0.3", "batch_size=8", "epochs=6"]
WORDS += ["augmentation=light", "optimizer=adam", "optimizer.schedule=constant", "optimizer.learning_rate=0.01"]
WORDS += ["reduce_lr_on_plateau.patience=1", "early_stopping.patience=5", "monitor=val_loss", "mode=min"]


def command(folder, uri):
    root, landmarks = folder
    data = ["dataset=image_folder", f"dataset.root={root}", f"dataset.landmarks={landmarks}"]
    return [*data, f"tracking.uri={uri}", *WORDS]


def train(words, sweep_id=None):
    return run.train(*composed(words), words, sweep_id)


def results(uri, run_id):
    """The run, every metric's points, and the weights of every checkpoint."""
    client = MlflowClient(uri)
    found = client.get_run(run_id)
    points = {
        key: [(p.step, p.value) for p in client.get_metric_history(run_id, key)]
        for key in found.data.metrics
        if key not in ("train_seconds", "train_cpu_seconds")
    }
    files = Path(found.info.artifact_uri.removeprefix("file://")) / "checkpoints"
    weights = {
        file.name: keras.saving.load_model(file, compile=False).get_weights() for file in sorted(files.glob("*.keras"))
    }
    return found, points, weights


def same(a, b):
    """Fail unless two results are equal to the last bit."""
    (_, points, weights), (_, other_points, other_weights) = a, b
    assert points == other_points
    assert weights.keys() == other_weights.keys()
    for name in weights:
        for x, y in zip(weights[name], other_weights[name], strict=True):
            np.testing.assert_array_equal(x, y)


def point(key, value, at, step):
    """Comparable: NaN equals itself, and infinity is the largest number, as MLflow stores it."""
    return key, str(min(value, sys.float_info.max)), at, step


class Recorded:
    """What a process recorded, entry by entry, to hold against what a server has in the end."""

    def __init__(self, monkeypatch):
        from fer_exp.tracking.journal import Journal

        self.parameters, self.tags, self.points, self.files = {}, {}, [], {}
        self.models, self.datasets, self.status = {}, [], None
        append = Journal.append

        def spy(journal, op, **values):
            self.note(journal, op, values)
            append(journal, op, **values)

        monkeypatch.setattr(Journal, "append", spy)

    def note(self, journal, op, values):
        if op == "parameters":
            self.parameters |= values["values"]
        elif op == "tags":
            self.tags |= values["values"]
        elif op == "metrics":
            self.points += [point(*values) for values in values["points"]]
        elif op == "model":
            self.points += [point(*values) for values in values["points"]]
            self.models[values["name"]] = sorted((key, value) for key, value, *_ in values["points"])
        elif op == "dataset":
            self.datasets.append((values["name"], values["context"]))
        elif op == "artifact":
            file = journal.path(values["file"])
            name = "/".join(filter(None, [values["folder"], file.name]))
            self.files[name] = sha256(file.read_bytes()).hexdigest()
        elif op == "end":
            self.status = values["status"]

    def is_what_is_stored(self, uri, run_id):
        """Fail unless the server has all of it, once."""
        client = MlflowClient(uri)
        found = client.get_run(run_id)
        assert found.data.params == self.parameters
        assert self.tags.items() <= found.data.tags.items()
        history = [p for key in found.data.metrics for p in client.get_metric_history(run_id, key)]
        stored = [point(p.key, p.value, p.timestamp, p.step) for p in history]
        assert len(stored) == len(set(stored))
        lost, invented = set(self.points) - set(stored), set(stored) - set(self.points)
        assert (lost, invented) == (set(), set())
        assert files(client, run_id) == self.files
        models = client.search_logged_models([found.info.experiment_id], f"source_run_id = '{run_id}'")
        assert {m.name: sorted((p.key, p.value) for p in m.metrics) for m in models} == self.models
        outputs = found.outputs.model_outputs if found.outputs else []
        assert len(models) == len(self.models) == len(outputs)
        assert all(str(m.status) == "READY" for m in models)
        inputs = [(i.dataset.name, i.tags[0].value) for i in (found.inputs.dataset_inputs if found.inputs else [])]
        assert sorted(inputs) == sorted(self.datasets)
        assert found.info.status == self.status


def files(client, run_id):
    """The run's artifacts: path -> SHA-256."""
    with TemporaryDirectory() as scratch:
        folder = Path(client.download_artifacts(run_id, "", scratch))
        return {
            file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest()
            for file in folder.rglob("*")
            if file.is_file()
        }


def only_run(tmp_path):
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    found = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    assert len(found) == 1
    return found[0]


def artifacts(found) -> Path:
    return Path(found.info.artifact_uri.removeprefix("file://"))
