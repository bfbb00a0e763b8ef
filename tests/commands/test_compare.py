import pytest
from predicted import predictions

from fer_exp.commands import compare
from fer_exp.config.commands import EvaluateConfig
from fer_exp.config.tracking import TrackingConfig
from fer_exp.errors import UserError


def test_a_sweep_without_a_finished_run_has_no_matrix(store, add):
    add("normal", 0, predictions(0.7, 0.3, 1), status="FAILED")
    assert compare.of_sweep("s-1", store.uri, store.experiment) is None


def test_jobs_that_left_no_run_make_the_matrix_partial(store, add):
    add("normal", 0, predictions(0.9, 0.3, 1))
    summary = compare.of_sweep("s-1", store.uri, store.experiment, planned=3)
    note = store.client.get_run(summary).data.tags["mlflow.note.content"]
    assert note.startswith("**Partial**: not finished: 2 of 3 jobs, which left no run")


def test_runs_are_found_by_ids_and_by_parameters(store, add):
    kept = [add("normal", 0, predictions(0.9, 0.3, 1)), add("mixed", 0, predictions(0.8, 0.7, 2), sweep="s-2")]
    add("normal", 0, predictions(0.2, 0.2, 3), model="other")
    tracked = TrackingConfig(store.uri, store.experiment)
    for asked in ({"runs": kept}, {"where": {"model": "net", "data": ["normal", "mixed"]}}):
        summary = store.client.get_run(compare.of_question(EvaluateConfig(**asked, tracking=tracked)))
        note = summary.data.tags["mlflow.note.content"]
        assert all(run_id in note for run_id in kept)
        assert "other-normal" not in note
    with pytest.raises(UserError, match=r"where\.modle: no run of .* has such .*; did you mean where\.model\?"):
        compare.of_question(EvaluateConfig(where={"modle": "nothing"}, tracking=tracked))
    with pytest.raises(UserError, match=r"no finished run of faces is model=nothing"):
        compare.of_question(EvaluateConfig(where={"model": "nothing"}, tracking=tracked))
    with pytest.raises(UserError, match="a sweep id starts with s-"):
        compare.of_question(EvaluateConfig(sweep="x' or 1=1", tracking=tracked))


def test_dotted_parameters_can_be_asked_for():
    asked = {"optimizer": {"learning_rate": [0.1, 0.01]}, "seed": 3}
    assert compare.flat(asked) == {"optimizer.learning_rate": ["0.1", "0.01"], "seed": ["3"]}
