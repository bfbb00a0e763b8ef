"""Predictions that no network made, and runs that stored them."""

from __future__ import annotations

import numpy as np
import pytest

from fer_exp.evaluation.predictions import Predictions

LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 2])
RIGHT, WRONG = LABELS, (LABELS + 1) % 3
NAMES = ("angry", "happy", "sad")
N = 120
SHARES = {"occluded": 0.45, "quest2-0.5": 0.2, "quest2-1.5": 0.7, "sunglasses": 0.25, "quest2-28px": 0.45}


def answers(normal, occluded):
    """Eight faces whose most probable classes are these."""
    eye = np.eye(3, dtype=np.float32) * 0.7 + 0.1
    table = {"normal": eye[normal], "occluded": eye[occluded]}
    return Predictions(np.array([f"{i}.jpg" for i in range(8)]), LABELS, ("a", "b", "c"), table)


def predictions(normal, occluded, seed, classes=NAMES, ids=None):
    """Probabilities that are right with these probabilities on N faces, classes in turn."""
    rng = np.random.default_rng(seed)
    labels = np.arange(N) % len(classes)
    found = {}
    for form, right in (("normal", normal), ("occluded", occluded)):
        answer = np.where(rng.random(N) < right, labels, (labels + 1) % len(classes))
        found[form] = np.full((N, len(classes)), 0.1 / (len(classes) - 1), np.float32)
        found[form][np.arange(N), answer] = 0.9
    ids = np.array([f"test/{i}.jpg" for i in range(N)]) if ids is None else ids
    return Predictions(ids, labels, classes, found)


@pytest.fixture
def add(store):
    """add(variant, seed, predictions, **parameters) -> id: a finished run of sweep s-1."""
    from fer_exp.evaluation.scores import named_metrics, score, score_test_sets
    from fer_exp.tracking import Recorder

    def made(
        variant,
        seed,
        found,
        sweep="s-1",
        model="net",
        status="FINISHED",
        metrics=None,
        elsewhere=None,
        params=None,
        **tags,
    ):
        run = Recorder.new(store, f"{model}-{variant}-s{seed}", {"kind": "run", "sweep_id": sweep} | tags)
        run.log_params({"data": variant, "seed": seed, "model": model, "dataset": "tiny"} | (params or {}))
        for checkpoint in ("best", "last"):
            if found is not None:
                run.log_metrics(named_metrics(checkpoint, score_test_sets(found), "normal"))
                run.log_parquet(found.to_table(), f"predictions/{checkpoint}.parquet")
            else:
                run.log_metrics(
                    {f"{checkpoint}/normal": 0.5, f"{checkpoint}/occluded": 0.4, f"{checkpoint}/mixed": 0.45}
                )
        for epoch in (1, 2):
            run.log_metrics({"val_balanced_accuracy": 0.3 * epoch}, epoch)
        for name, of_name in (elsewhere or {}).items():
            run.log_params({f"test_datasets.{name}.dataset": "image_folder"})
            for checkpoint, answers in of_name.items():
                by_column = {name: score(answers.labels, answers.on("normal"))}
                by_column[f"{name}-occluded"] = score(answers.labels, answers.on("occluded"))
                run.log_metrics(named_metrics(checkpoint, by_column, ""))
                run.log_parquet(answers.to_table(), f"predictions/{checkpoint}.{name}.parquet")
        run.log_metrics(metrics or {})
        run.log_metrics({"best_epoch": 2, "epochs_run": 2, "parameters": 1234, "train_seconds": 5})
        run.end(status)
        return run.id

    return made


@pytest.fixture
def three(store, add):
    """Results trained on normal, occluded and mixed, of one seed."""
    from fer_exp.evaluation.results import load
    from fer_exp.tracking import sweep_runs

    add("normal", 0, predictions(0.9, 0.3, 1))
    add("occluded", 0, predictions(0.5, 0.8, 2))
    add("mixed", 0, predictions(0.85, 0.75, 3))
    return load(store, sweep_runs(store, "s-1"))[0]


@pytest.fixture
def widely_tested(store):
    """Results of two seeds, trained on normal and occluded, tested on more than the bar."""
    from fer_exp.evaluation.results import load
    from fer_exp.evaluation.scores import named_metrics, score_test_sets
    from fer_exp.tracking import Recorder, sweep_runs

    n = 90
    for variant in ("normal", "occluded"):
        for seed in (0, 1):
            rng = np.random.default_rng(seed)
            labels = np.arange(n) % 3
            forms = {}
            for form, share in {"normal": 0.0, **SHARES}.items():
                right = rng.random(n) < (0.9 - share if variant == "normal" else 0.6)
                answer = np.where(right, labels, (labels + 1) % 3)
                forms[form] = np.full((n, 3), 0.05, np.float32)
                forms[form][np.arange(n), answer] = 0.9
            ids = np.array([f"test/{i}" for i in range(n)])
            p = Predictions(ids, labels, ("a", "b", "c"), forms)
            tags = {"kind": "run", "sweep_id": "s-1"}
            run = Recorder.new(store, f"net-{variant}-s{seed}", tags)
            run.log_params({"data": variant, "seed": seed, "model": "net", "occlusion": "quest2"})
            for checkpoint in ("best", "last"):
                run.log_metrics(named_metrics(checkpoint, score_test_sets(p), variant))
                run.log_parquet(p.to_table(), f"predictions/{checkpoint}.parquet")
            run.log_metrics({f"covered_share/{name}": share for name, share in SHARES.items()})
            run.end("FINISHED")
    return load(store, sweep_runs(store, "s-1"))[0]
