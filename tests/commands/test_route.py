"""Uncovered faces go to one stored run, covered ones to another; the two together are a run of their own."""

import numpy as np
import pandas as pd
import pytest
from configs import configured
from predicted import predictions
from runs import artifacts, command, train

from fer_exp.commands import route
from fer_exp.commands.question import Asked, find_routed
from fer_exp.config.commands import EvaluateConfig, RouteConfig
from fer_exp.config.tracking import TrackingConfig
from fer_exp.errors import ConfigError, UserError
from fer_exp.evaluation.predictions import Predictions
from fer_exp.tracking import Recorder

FACES = {"dataset.fingerprint": "f" * 16}
INPUT = {"model.size": 16, "dataset.degrade": None, "occlusion": "quest2", "occlusion.scale": 1.0}


@pytest.fixture
def ask(store):
    """ask(normal ids, occluded ids, **options) -> the routed run."""

    def go(normal, occluded, **options):
        cfg = EvaluateConfig(route=RouteConfig(normal, occluded), tracking=TrackingConfig(store.uri), **options)
        find = lambda run_id: Asked(store, store.client.get_run(run_id), None, {})  # noqa: E731
        asked = {"normal": [find(run_id) for run_id in normal], "occluded": [find(run_id) for run_id in occluded]}
        return store.client.get_run(route.route(cfg, asked))

    return go


def test_the_two_together_are_a_run_that_says_who_answered_what(add, ask, store, capsys):
    sharp = add("normal", 0, predictions(0.9, 0.2, 1), params=INPUT | {"occlusion.fill": "color"}, **FACES)
    blind = add("occluded", 0, predictions(0.3, 0.8, 2), params=INPUT | {"occlusion.fill": "inpaint"}, **FACES)
    found = ask([sharp], [blind])
    parts = [store.client.get_run(run_id).data.metrics for run_id in (sharp, blind)]
    assert found.data.metrics["best/normal"] == parts[0]["best/normal"]
    assert found.data.metrics["best/occluded"] == parts[1]["best/occluded"]
    assert {"best_ci_low/mixed", "best_ci_high/mixed", "best/mixed"} <= found.data.metrics.keys()
    assert (found.data.params["route.normal"], found.data.params["route.occluded"]) == (sharp, blind)
    assert found.data.params["route.detector"] == "known"
    assert found.info.status == "FINISHED" and found.data.tags["kind"] == "route"
    page = found.data.tags["mlflow.note.content"]
    assert f"Faces taken for uncovered are answered by [net-normal-s0](#/experiments/1/runs/{sharp})" in page
    assert f"Faces taken for covered are answered by [net-occluded-s0](#/experiments/1/runs/{blind})" in page
    assert "By itself routing wins nothing" in page and "taken from the test set" in page
    assert "route.occluded alone" in capsys.readouterr().out
    table = Predictions.from_table(pd.read_parquet(artifacts(found) / "predictions/best.parquet"))
    assert table.correct("normal").mean() == pytest.approx(found.data.metrics["best/normal"], abs=1e-4)


def test_several_answer_by_their_mean(add, ask):
    runs = [add("normal", seed, predictions(0.7, 0.2, seed), params=INPUT, **FACES) for seed in range(3)]
    found = ask(runs, runs[:1], checkpoint="last")
    assert found.data.params["route.normal"] == ",".join(runs)
    assert "(the mean of their probabilities)" in found.data.tags["mlflow.note.content"]
    single = predictions(0.7, 0.2, 0).correct("normal").mean()
    assert found.data.metrics["last/normal"] > single  # errors of three are not the same


def test_runs_that_do_not_answer_the_same_question_are_refused(add, ask):
    found = predictions(0.9, 0.3, 1)
    first = add("normal", 0, found, params=INPUT, **FACES)
    classes = add("normal", 1, predictions(0.9, 0.3, 1, classes=("angry", "happy")), params=INPUT, **FACES)
    other_faces = add("normal", 2, found, params=INPUT, **{"dataset.fingerprint": "0" * 16})
    other_ids = add("normal", 3, predictions(0.9, 0.3, 1, ids=np.array(["x"] * 120)), params=INPUT, **FACES)
    bar = add("normal", 4, found, params=INPUT | {"occlusion.scale": 0.5}, **FACES)
    lost = add("normal", 5, None, params=INPUT, **FACES)
    bare = found._replace(probabilities={"normal": found.probabilities["normal"]})
    uncovered = add("normal", 6, bare, params=INPUT, **FACES)
    for run_id, says in (
        (classes, "knows the classes angry, happy, route.normal=.* angry, happy, sad"),
        (other_faces, "was tested on other faces than route.normal="),
        (other_ids, "was tested on other faces than route.normal="),
        (bar, r"has occlusion\.scale=0\.5, route\.normal=.* 1\.0: route runs that see"),
        (lost, "has no predictions to route"),
        (uncovered, "was tested on uncovered faces alone"),
    ):
        with pytest.raises(UserError, match=rf"^route\.occluded={run_id}: net-normal-s\d {says}") as error:
            ask([first], [run_id])
        assert "\n" not in str(error.value)


def test_a_run_that_is_not_finished_answers_nothing(store):
    stopped = Recorder.new(store, "stopped", {"kind": "run"})
    stopped.end("KILLED")
    cfg = EvaluateConfig(route=RouteConfig(["stopped"], ["stopped"]), tracking=TrackingConfig(store.uri))
    with pytest.raises(UserError, match=rf"^route\.normal={stopped.id}: stopped .* is KILLED, not finished"):
        find_routed(cfg)
    cfg = EvaluateConfig(route=RouteConfig(["nobody"], ["stopped"]), tracking=TrackingConfig(store.uri))
    with pytest.raises(UserError, match=r"^route\.normal=nobody: no run has this name"):
        find_routed(cfg)


def test_one_of_the_two_and_another_question_beside_them_are_refused():
    both = RouteConfig(["a"], ["b"])
    with pytest.raises(ConfigError, match=r"route\.occluded has no value: say which run answers covered faces"):
        RouteConfig(["a"])
    with pytest.raises(ConfigError, match="not run and route together"):
        EvaluateConfig(run="a", route=both)
    for options in ({"mirror": True}, {"checkpoint": "all"}, {"tests": ["28px"]}):
        with pytest.raises(ConfigError, match="need a single run"):
            EvaluateConfig(route=both, **options)
    assert EvaluateConfig(route=both, checkpoint="last").route.runs == ["a", "b"]


@pytest.mark.slow
def test_a_detector_learns_from_training_faces_and_its_errors_are_told(module_folder, store):
    words = [*command(module_folder, store.uri), "tracking.experiment=faces", "epochs=1"]
    sharp, blind = train([*words, "data=normal"]), train([*words, "data=occluded"])
    asked = [f"route.normal=[{sharp[:8]},{blind[:8]}]", f"route.occluded=[{blind}]", "route.detector=learned"]
    cfg = configured(*asked, f"tracking.uri={store.uri}", command="evaluate")
    found = store.client.get_run(route.route(cfg, find_routed(cfg)))
    assert 0 <= found.data.metrics["detector_error/normal"] < 0.5
    assert 0 <= found.data.metrics["detector_error/occluded"] < 0.5
    assert "learned from 48 training faces, uncovered and covered" in found.data.tags["mlflow.note.content"]
    assert found.data.params["route.normal"] == f"{sharp},{blind}"
