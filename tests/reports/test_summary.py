import numpy as np
import pandas as pd
import pytest
from predicted import N, predictions

from fer_exp.commands import compare
from fer_exp.config.tracking import TrackingConfig
from fer_exp.reports import page
from fer_exp.reports.summary import slug
from fer_exp.tracking import Recorder, open_store

SETS = ("normal", "occluded", "mixed")


@pytest.fixture
def tracking(tmp_path):
    return TrackingConfig(f"sqlite:///{tmp_path}/mlflow.db", "faces")


@pytest.fixture
def add_run(tracking):
    """add_run(variant, seed, accuracies, **parameters) -> run: a finished run of sweep s-1."""
    store = open_store(tracking.uri, tracking.experiment)

    def made(variant, seed, accuracies, status="FINISHED", model="net", **parameters):
        run = Recorder.new(store, f"{model}-{variant}-s{seed}", {"kind": "run", "sweep_id": "s-1"})
        run.log_params({"data": variant, "seed": seed, "model": model} | parameters)
        for checkpoint in ("best", "last"):
            run.log_metrics({f"{checkpoint}/{s}": a for s, a in zip(SETS, accuracies, strict=True)})
            run.log_metrics({f"{checkpoint}_ci_low/{s}": a - 0.01 for s, a in zip(SETS, accuracies, strict=True)})
            run.log_metrics({f"{checkpoint}_ci_high/{s}": a + 0.01 for s, a in zip(SETS, accuracies, strict=True)})
        run.end(status)
        return run

    made.store = store
    return made


def summary(add_run, run_id):
    run = add_run.store.client.get_run(run_id)
    return run, run.data.tags["mlflow.note.content"]


def test_the_matrix_is_trained_on_by_tested_on(add_run, tracking):
    add_run("occluded", 0, (0.4, 0.6, 0.5))
    add_run("normal", 0, (0.7, 0.3, 0.5))
    run, note = summary(add_run, compare.of_sweep("s-1", tracking.uri, tracking.experiment))
    assert run.info.status == "FINISHED"
    lines = [line for line in note.splitlines() if line.startswith("| **")][2:]  # after the short ones
    cells = [f"**{a:.3f}** {a - 0.01:.3f}-{a + 0.01:.3f} faces only" for a in (0.7, 0.3, 0.5)]
    assert lines[0] == f"| **normal** | {' | '.join(cells)} |"
    assert lines[1].startswith("| **occluded** | **0.400**")


def test_the_description_begins_with_a_line_for_each_row(add_run, tracking):
    for seed in (0, 1):
        add_run("normal", seed, (0.7 + seed / 10, 0.3, 0.5))
        add_run("occluded", seed, (0.4, 0.6, 0.5))
    _, note = summary(add_run, compare.of_sweep("s-1", tracking.uri, tracking.experiment))
    head, _, first, second, end, words, *_ = note.splitlines()
    assert head == r"| trained \\ tested | normal | occluded | mixed |"
    assert first.startswith("| **normal** | **0.750** ± 0.071 | **0.300** ± 0.000 |")
    assert second.startswith("| **occluded** | **0.400** ± 0.000")
    assert not end and words.startswith("Accuracy of the best checkpoints")


def test_the_summary_has_table_pictures_and_links_to_its_runs(add_run, tracking):
    member = add_run("normal", 0, (0.7, 0.3, 0.5))
    run, note = summary(add_run, compare.of_sweep("s-1", tracking.uri, tracking.experiment))
    tables = {"matrix.json", "matrix.csv", "matrix.tex", "answer.html"}
    pictures = {f"matrix-{checkpoint}.{ending}" for checkpoint in ("best", "last") for ending in ("png", "pdf")}
    assert {f.path for f in add_run.store.client.list_artifacts(run.info.run_id) if not f.is_dir} == tables | pictures
    assert f"runs/{member.id}" in note


def test_seeds_become_mean_and_spread(add_run, tracking):
    for seed, accuracy in enumerate((0.6, 0.7, 0.8)):
        add_run("normal", seed, (accuracy, 0.3, 0.5))
    _, note = summary(add_run, compare.of_sweep("s-1", tracking.uri, tracking.experiment))
    assert "**0.700** ± 0.100 (n=3)" in note


def test_another_model_gets_a_matrix_of_its_own_and_an_options_keys_do_not_repeat_its_name(add_run, tracking):
    add_run("normal", 0, (0.7, 0.3, 0.5), model="small", **{"model.size": 64})
    add_run("normal", 0, (0.8, 0.3, 0.5), model="large", **{"model.size": 224})
    _, note = summary(add_run, compare.of_sweep("s-1", tracking.uri, tracking.experiment))
    assert "model=small best checkpoint" in note
    assert "model=large best checkpoint" in note
    assert "model.size" not in note


def test_unfinished_runs_are_named_and_left_out(add_run, tracking):
    add_run("normal", 0, (0.7, 0.3, 0.5))
    add_run("mixed", 0, (0.1, 0.1, 0.1), status="FAILED")
    _, note = summary(add_run, compare.of_sweep("s-1", tracking.uri, tracking.experiment))
    assert "**Partial**: not finished: net-mixed-s0 (FAILED)" in note
    assert "**0.100**" not in note


def test_each_matrix_is_compared_on_its_own_faces(store, add):
    for model, ids in (("small", None), ("large", np.array([f"other/{i}.jpg" for i in range(N)]))):
        add("normal", 0, predictions(0.9, 0.3, 1, ids=ids), model=model)
        add("mixed", 0, predictions(0.8, 0.7, 2, ids=ids), model=model)
    summary = compare.of_sweep("s-1", store.uri, store.experiment)
    table = pd.read_json(store.client.download_artifacts(summary, "matrix.json"), orient="split")
    tested = table[(table.trained_on == "normal") & (table.tested_on == "occluded")]
    assert len(tested) == 4  # two matrices, two checkpoints
    assert (tested.below_best < -0.2).all() and tested.p.isna().all()  # of one seed nothing is known
    for model in ("small", "large"):
        file = store.client.download_artifacts(summary, f"matrix-model_{model}/pairs-last.json")
        pairs = pd.read_json(file, orient="split").set_index("tested_on")
        assert pairs.loc["occluded", "p_networks"] < 0.05 and len(pairs) == 3


def test_titles_become_names_that_files_and_metrics_may_have():
    assert slug("") == "matrix"
    assert slug("model.dense=[128] dataset.root=/a b") == "matrix-model.dense_-128-dataset.root_-a-b"
    assert len(slug("x" * 500)) < 100


def test_an_answer_that_fails_ends_its_run(store, add, monkeypatch):
    add("normal", 0, predictions(0.9, 0.3, 1))
    monkeypatch.setattr(page, "render", lambda **content: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compare.of_sweep("s-1", store.uri, store.experiment)
    summary = store.client.search_runs([store.experiment_id], "tags.kind = 'summary'")[0]
    assert summary.info.status == "FAILED"
