import numpy as np
import pandas as pd
import pytest

from fer_exp.commands import compare as question
from fer_exp.config.tracking import TrackingConfig
from fer_exp.reports import matrix
from fer_exp.tracking import Recorder, open_place

SETS = ("normal", "occluded", "mixed")


@pytest.fixture
def tracking(tmp_path):
    return TrackingConfig(f"sqlite:///{tmp_path}/mlflow.db", "faces")


@pytest.fixture
def add(tracking):
    """add(variant, seed, accuracies, **parameters) -> run: a finished run of sweep s-1."""
    place = open_place(tracking.uri, tracking.experiment)

    def made(variant, seed, accuracies, status="FINISHED", model="net", **parameters):
        run = Recorder.new(place, f"{model}-{variant}-s{seed}", {"kind": "run", "sweep_id": "s-1"})
        run.parameters({"data": variant, "seed": seed, "model": model} | parameters)
        for checkpoint in ("best", "last"):
            run.metrics({f"{checkpoint}/{s}": a for s, a in zip(SETS, accuracies, strict=True)})
            run.metrics({f"{checkpoint}_ci_low/{s}": a - 0.01 for s, a in zip(SETS, accuracies, strict=True)})
            run.metrics({f"{checkpoint}_ci_high/{s}": a + 0.01 for s, a in zip(SETS, accuracies, strict=True)})
        run.end(status)
        return run

    made.place = place
    return made


def summary(add, run_id):
    run = add.place.client.get_run(run_id)
    return run, run.data.tags["mlflow.note.content"]


def test_the_matrix_is_trained_on_by_tested_on(add, tracking):
    add("occluded", 0, (0.4, 0.6, 0.5))
    add("normal", 0, (0.7, 0.3, 0.5))
    run, note = summary(add, question.of_sweep("s-1", tracking.uri, tracking.experiment))
    assert run.info.status == "FINISHED"
    lines = [line for line in note.splitlines() if line.startswith("| **")]
    assert lines[0] == "| **normal** | **0.700** 0.690-0.710 | **0.300** 0.290-0.310 | **0.500** 0.490-0.510 |"
    assert lines[1].startswith("| **occluded** | **0.400**")


def test_the_summary_has_table_pictures_and_links_to_its_runs(add, tracking):
    member = add("normal", 0, (0.7, 0.3, 0.5))
    run, note = summary(add, question.of_sweep("s-1", tracking.uri, tracking.experiment))
    tables = {"matrix.json", "matrix.csv", "matrix.tex", "answer.html"}
    pictures = {f"matrix-{checkpoint}.{ending}" for checkpoint in ("best", "last") for ending in ("png", "pdf")}
    assert {f.path for f in add.place.client.list_artifacts(run.info.run_id) if not f.is_dir} == tables | pictures
    assert f"runs/{member.id}" in note


def test_seeds_become_mean_and_spread(add, tracking):
    for seed, accuracy in enumerate((0.6, 0.7, 0.8)):
        add("normal", seed, (accuracy, 0.3, 0.5))
    _, note = summary(add, question.of_sweep("s-1", tracking.uri, tracking.experiment))
    assert "**0.700** ± 0.100 (n=3)" in note


def test_another_model_gets_a_matrix_of_its_own_and_an_options_keys_do_not_repeat_its_name(add, tracking):
    add("normal", 0, (0.7, 0.3, 0.5), model="small", **{"model.size": 64})
    add("normal", 0, (0.8, 0.3, 0.5), model="large", **{"model.size": 224})
    _, note = summary(add, question.of_sweep("s-1", tracking.uri, tracking.experiment))
    assert "model=small best checkpoint" in note
    assert "model=large best checkpoint" in note
    assert "model.size" not in note


def test_unfinished_runs_are_named_and_left_out(add, tracking):
    add("normal", 0, (0.7, 0.3, 0.5))
    add("mixed", 0, (0.1, 0.1, 0.1), status="FAILED")
    _, note = summary(add, question.of_sweep("s-1", tracking.uri, tracking.experiment))
    assert "**Partial**: not finished: net-mixed-s0 (FAILED)" in note
    assert "**0.100**" not in note


def test_a_sweep_without_a_finished_run_has_no_matrix(add, tracking):
    add("normal", 0, (0.7, 0.3, 0.5), status="FAILED")
    assert question.of_sweep("s-1", tracking.uri, tracking.experiment) is None


def test_a_cell_without_a_run_stays_empty():
    cell = {"trained_on": "normal", "tested_on": "normal", "accuracy": 0.5, "low": 0.4, "high": 0.6, "n": 1}
    other = cell | {"trained_on": "mixed", "tested_on": "mixed"}
    table = pd.DataFrame([cell, other]).assign(deviation=np.nan, p=np.nan)
    assert matrix.as_markdown(table, "best").splitlines()[2] == "| **normal** | **0.500** 0.400-0.600 |  |"
