"""The answer page of made-up runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
from bench.measure import Row, cpu_seconds

from fer_exp.evaluation.predictions import Predictions
from fer_exp.evaluation.scores import named_metrics, score_test_sets
from fer_exp.reports.summary import summarise
from fer_exp.tracking import Recorder, open_store, sweep_runs

FACES, CLASSES = 4000, 8
RIGHT = {"normal": 0.6, "occluded": 0.4}


def rows() -> Iterator[Row]:
    answer(1)  # imports
    few, many = answer(3), answer(9)
    yield Row("answer page, 27 runs of 4 000 faces", "-", many, 10, "s", False, f"9 runs: {few:.3g} s")


def answer(seeds: int) -> float:
    """Return the CPU seconds of the page of three variants and so many seeds."""
    with tempfile.TemporaryDirectory() as scratch, redirect_stdout(StringIO()):
        store = open_store(f"sqlite:///{Path(scratch)}/mlflow.db", "bench")
        for variant in ("normal", "occluded", "mixed"):
            for seed in range(seeds):
                record(Recorder.new(store, f"net-{variant}-s{seed}", {"kind": "run", "sweep_id": "s-1"}), variant, seed)
        runs = sweep_runs(store, "s-1")
        start = cpu_seconds()
        summarise(store, runs, {"sweep_id": "s-1"})
        return cpu_seconds() - start


def record(run: Recorder, variant: str, seed: int) -> None:
    rng = np.random.default_rng((len(variant), seed))
    labels = np.arange(FACES) % CLASSES
    forms = {}
    for form, right in RIGHT.items():
        chosen = np.where(rng.random(FACES) < right, labels, rng.integers(0, CLASSES, FACES))
        p = rng.random((FACES, CLASSES)).astype(np.float32)
        p[np.arange(FACES), chosen] += 3
        forms[form] = p / p.sum(1, keepdims=True)
    ids = np.array([f"test/{i}.jpg" for i in range(FACES)])
    predictions = Predictions(ids, labels, tuple("abcdefgh"), forms)
    run.log_params({"data": variant, "seed": seed, "model": "net", "dataset": "tiny", "occlusion": "quest2"})
    for checkpoint in ("best", "last"):
        run.log_metrics(named_metrics(checkpoint, score_test_sets(predictions), "normal"))
        run.log_parquet(predictions.to_table(), f"predictions/{checkpoint}.parquet")
    for epoch in range(1, 13):
        run.log_metrics({"val_balanced_accuracy": 0.05 * epoch}, epoch)
    run.log_metrics({"best_epoch": 12, "epochs_run": 12, "parameters": 1, "train_seconds": 1})
    run.end("FINISHED")
