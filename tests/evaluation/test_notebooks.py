import subprocess
import sys

import pytest
from predicted import predictions

import fer_exp
from fer_exp.commands import compare
from fer_exp.errors import UserError
from fer_exp.evaluation.matrix import matrix_table


def test_predictions_are_the_stored_table(store, add):
    found = predictions(0.9, 0.3, 1)
    run = add("normal", 0, found)
    table = fer_exp.load_predictions(run, uri=store.uri)
    assert table.equals(found.to_table())
    right = table[[c for c in table if c.startswith("occluded/")]].to_numpy().argmax(1) == found.labels
    assert right.mean() == pytest.approx(store.client.get_run(run).data.metrics["best/occluded"], abs=1e-4)


def test_the_matrix_has_the_numbers_of_the_summary_run(store, three):
    table = fer_exp.load_matrix("s-1", uri=store.uri, experiment=store.experiment)
    cells = matrix_table(three, "best").pivot(index="trained_on", columns="tested_on", values="accuracy")
    assert list(table.index) == ["normal", "occluded", "mixed"] and list(table.columns) == [
        "normal",
        "occluded",
        "mixed",
    ]
    assert (table.index.name, table.columns.name) == ("trained_on", "tested_on")
    for trained in table.index:
        for tested in table.columns:
            assert table.loc[trained, tested] == pytest.approx(cells.loc[trained, tested], abs=1e-4)


def test_seeds_are_averaged_and_networks_stand_apart(store, add):
    for seed, found in ((0, predictions(0.9, 0.3, 1)), (1, predictions(0.6, 0.5, 2))):
        add("normal", seed, found)
    add("normal", 0, predictions(0.7, 0.7, 3), status="FAILED")
    f1 = [r.data.metrics["last_macro_f1/normal"] for r in fer_exp_runs(store) if r.info.status == "FINISHED"]
    one = fer_exp.load_matrix("s-1", "last", "macro_f1", store.uri, store.experiment)
    assert one.loc["normal", "normal"] == pytest.approx(sum(f1) / 2)
    add("normal", 0, predictions(0.2, 0.2, 4), model="other")
    both = fer_exp.load_matrix("s-1", uri=store.uri, experiment=store.experiment)
    assert list(both.index) == [("model=net", "normal"), ("model=other", "normal")]
    assert both.index.names == ["matrix", "trained_on"]


def fer_exp_runs(store):
    return store.client.search_runs([store.experiment_id])


def test_what_is_not_there_is_said(store, add):
    run = add("normal", 0, None)
    with pytest.raises(UserError, match="no artifact"):
        fer_exp.load_predictions(run, uri=store.uri)
    with pytest.raises(UserError, match="must be one of best, last"):
        fer_exp.load_predictions(run, "first", store.uri)
    with pytest.raises(UserError, match="no finished run"):
        fer_exp.load_matrix("s-2", uri=store.uri, experiment=store.experiment)
    add("mixed", 0, predictions(0.9, 0.3, 1))
    with pytest.raises(UserError, match="did you mean macro_f1"):
        fer_exp.load_matrix("s-1", metric="macrof1", uri=store.uri, experiment=store.experiment)
    with pytest.raises(AttributeError):
        fer_exp.load_nothing  # noqa: B018


def test_the_package_itself_imports_nothing_heavy_and_a_notebook_no_tensorflow():
    code = (
        "import sys, fer_exp\n"
        "assert not {'mlflow', 'pandas', 'tensorflow'} & set(sys.modules)\n"
        "fer_exp.load_matrix\n"
        "assert not {'tensorflow', 'keras', 'hydra'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_summary_run_is_no_row(store, three):
    compare.of_sweep("s-1", store.uri, store.experiment)
    assert len(fer_exp.load_matrix("s-1", uri=store.uri, experiment=store.experiment)) == 3
