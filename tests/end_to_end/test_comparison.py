"""Runs with predictions: what is compared face by face, and what the page says of it."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_exp.commands import compare as question
from fer_exp.config.commands import EvaluateConfig
from fer_exp.config.tracking import TrackingConfig
from fer_exp.errors import UserError
from fer_exp.evaluation import caveats as facts
from fer_exp.evaluation import groups
from fer_exp.evaluation import matrix as cells
from fer_exp.evaluation import per_class as classes
from fer_exp.evaluation import results as trials
from fer_exp.evaluation.predictions import Predictions
from fer_exp.evaluation.scores import metrics, scores
from fer_exp.evaluation.statistics import hierarchical, mcnemar, percentiles, wilson
from fer_exp.reports import matrix, page
from fer_exp.reports import summary as answer
from fer_exp.tracking import Recorder, open_place

NAMES = ("angry", "happy", "sad")
N = 120


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
def place(tmp_path):
    return open_place(f"sqlite:///{tmp_path}/mlflow.db", "faces")


@pytest.fixture
def add(place):
    """add(variant, seed, predictions, **parameters) -> id: a finished run of sweep s-1."""

    def made(variant, seed, found, sweep="s-1", model="net", status="FINISHED", **tags):
        run = Recorder.new(place, f"{model}-{variant}-s{seed}", {"kind": "run", "sweep_id": sweep} | tags)
        run.parameters({"data": variant, "seed": seed, "model": model, "dataset": "tiny"})
        for checkpoint in ("best", "last"):
            if found is not None:
                run.metrics(metrics(checkpoint, scores(found), "normal"))
                run.frame(found.table(), f"predictions/{checkpoint}.parquet")
            else:
                run.metrics({f"{checkpoint}/normal": 0.5, f"{checkpoint}/occluded": 0.4, f"{checkpoint}/mixed": 0.45})
        for epoch in (1, 2):
            run.metrics({"val_balanced_accuracy": 0.3 * epoch}, epoch)
        run.metrics({"best_epoch": 2, "epochs_run": 2, "parameters": 1234, "train_seconds": 5})
        run.end(status)
        return run.id

    return made


@pytest.fixture
def three(place, add):
    """Trials trained on normal, occluded and mixed, of one seed."""
    add("normal", 0, predictions(0.9, 0.3, 1))
    add("occluded", 0, predictions(0.5, 0.8, 2))
    add("mixed", 0, predictions(0.85, 0.75, 3))
    return trials.load(place, question.tracking.sweep_runs(place, "s-1"))[0]


def cell(table, trained, tested):
    return table[(table.trained_on == trained) & (table.tested_on == tested)].iloc[0]


def test_predictions_survive_the_parquet_file():
    found = predictions(0.9, 0.3, 1)
    again = Predictions.of(found.table())
    assert again.classes == found.classes
    assert (again.ids == found.ids).all()
    assert (again.labels == found.labels).all()
    assert all((again.probabilities[form] == p).all() for form, p in found.probabilities.items())


def test_one_run_per_cell_has_wilsons_interval_and_mcnemars_test(three):
    table = cells.table(three, "best")
    found = cell(table, "normal", "occluded")
    right = [t.predictions["best"].correct("occluded") for t in three]
    assert (found.low, found.high) == pytest.approx(wilson(int(right[0].sum()), N), abs=1e-4)
    assert found.below_best == pytest.approx(right[0].mean() - right[1].mean(), abs=2e-4)
    # six differences in the matrix: the smallest p of all is multiplied by six, others by less
    assert mcnemar(right[1], right[0]) <= found.p <= 6 * mcnemar(right[1], right[0])
    assert np.isnan(cell(table, "occluded", "occluded").p)


def test_mixed_is_what_a_directly_evaluated_mixed_set_would_give(three):
    for trial in three:
        found = trial.predictions["best"]
        covered = np.zeros(N, bool)
        for label in range(3):
            covered[np.flatnonzero(found.labels == label)[::2]] = True
        direct = np.where(covered, found.correct("occluded"), found.correct("normal")).mean()
        assert trial.run.data.metrics["best/mixed"] == pytest.approx(direct, abs=1e-4)


def test_several_seeds_have_the_interval_over_faces_and_seeds(place, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed))
    members, _ = trials.load(place, question.tracking.sweep_runs(place, "s-1"))
    found = cell(cells.table(members, "best"), "normal", "occluded")
    right = np.stack([t.predictions["best"].correct("occluded") for t in members])
    assert (found.low, found.high) == pytest.approx(percentiles(hierarchical(right)), abs=1e-4)
    assert found.n == 3
    assert found.deviation == pytest.approx(right.mean(1).std(ddof=1), abs=1e-3)


def test_runs_with_other_faces_classes_or_no_predictions_are_named_and_left_out(place, add):
    add("normal", 0, predictions(0.9, 0.3, 1))
    add("occluded", 0, predictions(0.5, 0.8, 2))
    add("mixed", 0, predictions(0.5, 0.8, 3, ids=np.array([f"other/{i}.jpg" for i in range(N)])))
    add("mixed", 1, predictions(0.5, 0.8, 3, classes=("angry", "sad", "happy")))
    add("mixed", 2, None)
    found, notes = trials.load(place, question.tracking.sweep_runs(place, "s-1"))
    assert [t.variant for t in found] == ["normal", "occluded"]
    said = "\n".join(notes)
    assert "net-mixed-s0: left out, other test faces than the others" in said
    assert "net-mixed-s1: left out, other classes than the others" in said
    assert "net-mixed-s2: left out of what is compared face by face, no predictions" in said


def test_each_matrix_is_compared_on_its_own_faces(place, add):
    for model, ids in (("small", None), ("large", np.array([f"other/{i}.jpg" for i in range(N)]))):
        add("normal", 0, predictions(0.9, 0.3, 1, ids=ids), model=model)
        add("mixed", 0, predictions(0.8, 0.7, 2, ids=ids), model=model)
    summary = question.of_sweep("s-1", place.uri, place.experiment)
    table = pd.read_json(place.client.download_artifacts(summary, "matrix.json"), orient="split")
    tested = table[(table.trained_on == "normal") & (table.tested_on == "occluded")]
    assert len(tested) == 4  # two matrices, two checkpoints
    assert (tested.p < 0.05).all()


def test_a_seed_that_ran_again_is_counted_once(place, add):
    add("normal", 0, predictions(0.2, 0.2, 1))
    latest = add("normal", 0, predictions(0.9, 0.3, 1))
    kept, notes = groups.once(question.tracking.sweep_runs(place, "s-1"))
    assert [run.info.run_id for run in kept] == [latest]
    assert len(notes) == 1
    assert "ran again later" in notes[0]


def test_an_options_key_that_differs_within_it_makes_another_matrix():
    from types import SimpleNamespace

    def run(optimizer, rate):
        params = {"data": "normal", "seed": "0", "optimizer": optimizer, "optimizer.learning_rate": rate}
        return SimpleNamespace(data=SimpleNamespace(params=params))

    crossed = groups.grouped([run(o, r) for o in ("adam", "sgd") for r in ("0.1", "0.01")])
    assert list(crossed) == [
        f"optimizer={o} optimizer.learning_rate={r}" for o in ("adam", "sgd") for r in ("0.1", "0.01")
    ]
    assert list(groups.grouped([run("adam", "0.1"), run("sgd", "0.01")])) == ["optimizer=adam", "optimizer=sgd"]


def test_titles_become_names_that_files_and_metrics_may_have():
    assert answer.slug("") == "matrix"
    assert answer.slug("model.dense=[128] dataset.root=/a b") == "matrix-model.dense_-128-dataset.root_-a-b"
    assert len(answer.slug("x" * 500)) < 100


def test_jobs_that_left_no_run_make_the_matrix_partial(place, add):
    add("normal", 0, predictions(0.9, 0.3, 1))
    summary = question.of_sweep("s-1", place.uri, place.experiment, planned=3)
    note = place.client.get_run(summary).data.tags["mlflow.note.content"]
    assert note.startswith("**Partial**: not finished: 2 of 3 jobs, which left no run")


def test_an_answer_that_fails_ends_its_run(place, add, monkeypatch):
    add("normal", 0, predictions(0.9, 0.3, 1))
    monkeypatch.setattr(answer.page, "render", lambda **content: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        question.of_sweep("s-1", place.uri, place.experiment)
    summary = place.client.search_runs([place.experiment_id], "tags.kind = 'summary'")[0]
    assert summary.info.status == "FAILED"


def test_recall_lost_is_ordered_and_paired(three):
    table = classes.recall_lost(three[:1], "best")
    assert table["lost"].is_monotonic_decreasing
    found = three[0].predictions["best"]
    for row in table.itertuples():
        mine = found.labels == found.classes.index(row[1])
        lost = found.correct("normal")[mine].mean() - found.correct("occluded")[mine].mean()
        assert row.lost == pytest.approx(lost)
        assert row.low < lost < row.high


def test_confusion_that_the_bar_creates_moves_answers_within_each_true_class(three):
    change = classes.confusion_created(three[:1], "best")
    assert change.sum(1) == pytest.approx(np.zeros(3), abs=1e-12)
    assert (np.diag(change) < 0).all()
    # wrong answers are always the next class here
    assert change[0, 1] == pytest.approx(-change[0, 0])


def test_the_answer_in_sentences_follows_from_the_matrix(three):
    said = page.answer(three, cells.table(three, "best"))
    accuracy = {(t.variant, s): t.predictions["best"].correct(s).mean() for t in three for s in ("normal", "occluded")}
    plain, hidden = accuracy["normal", "normal"], accuracy["normal", "occluded"]
    assert f"recognises {plain:.1%} of them; covered (occluder) {hidden:.1%}" in said[0]
    assert f"being covered costs {100 * (plain - hidden):.1f} points (95 %: " in said[0]
    won = accuracy["mixed", "occluded"] - hidden
    assert f"covered faces by {100 * won:+.1f} points (95 %: +" in said[2]
    assert f"{won / (plain - hidden):.0%} of what was lost" in said[2]
    assert f"uncovered ones by {100 * (accuracy['mixed', 'normal'] - plain):+.1f} points" in said[2]


def test_no_share_is_won_back_of_a_loss_that_is_not_there(place, add):
    add("normal", 0, predictions(0.7, 0.7, 1))
    add("mixed", 0, predictions(0.7, 0.6, 2))
    found, _ = trials.load(place, question.tracking.sweep_runs(place, "s-1"))
    assert "of what was lost" not in " ".join(page.answer(found, cells.table(found, "best")))


def test_the_page_is_one_file_with_matrix_pictures_and_warnings(place, add):
    for variant, found in (("normal", predictions(0.9, 0.3, 1)), ("mixed", predictions(0.85, 0.75, 3))):
        add(variant, 0, found, **{"duplicates.test_in_training": "7"})
    summary = question.of_sweep("s-1", place.uri, place.experiment)
    client = place.client
    html = Path(client.download_artifacts(summary, "answer.html")).read_text()
    table = pd.read_json(client.download_artifacts(summary, "matrix.json"), orient="split")
    for row in table.itertuples():
        assert f"{row.accuracy:.3f}" in html
    assert html.count('src="data:image/png;base64,') >= 5
    assert not re.search(r'(src|href)="(?!data:)', html)
    assert "7 test pictures also occur in training" in html
    assert "Fewer than three seeds (1)" in html
    files = {item.path for item in client.list_artifacts(summary, "matrix")}
    assert {
        f"matrix/{n}.{e}" for n in ("recall_lost", "reliability", "confusion_change") for e in ("png", "pdf")
    } <= files
    assert any(name.startswith("matrix_ece_normal/") for name in client.get_run(summary).data.metrics)


def test_several_networks_stand_side_by_side_with_their_cost(place, add):
    for model, right in (("small", 0.6), ("large", 0.9)):
        add("normal", 0, predictions(right, 0.3, 1), model=model)
    summary = question.of_sweep("s-1", place.uri, place.experiment)
    html = Path(place.client.download_artifacts(summary, "answer.html")).read_text()
    assert "Side by side" in html
    row = re.search(r"<td>model=large</td>(.*?)</tr>", html, re.S)[1]
    assert "<td>1,234</td>" in row
    assert "<td>normal</td>" in row


def test_a_studys_number_stands_in_its_cell(place, add):
    found = predictions(0.9, 0.3, 1)
    add("normal", 0, found, **{"published/best/occluded": "0.302"})
    summary = question.of_sweep("s-1", place.uri, place.experiment)
    html = Path(place.client.download_artifacts(summary, "answer.html")).read_text()
    assert f"published 0.302, ours {found.correct('occluded').mean() - 0.302:+.3f}" in html
    assert html.count("published 0") == 1


def test_names_are_escaped_on_the_page():
    html = page.render(title="<script>x</script>", subtitle="", warnings=[], groups=[], facts=[])
    assert "<script>" not in html


def test_the_latex_table_escapes_what_latex_would_read(three):
    text = matrix.as_latex(cells.table(three, "best"), "50 % of mini_xception")
    assert r"50 \% of mini\_xception" in text
    assert text.count(r"\\") == 4
    assert r"\begin{tabular}{lrrr}" in text


def test_runs_are_found_by_ids_and_by_parameters(place, add):
    kept = [add("normal", 0, predictions(0.9, 0.3, 1)), add("mixed", 0, predictions(0.8, 0.7, 2), sweep="s-2")]
    add("normal", 0, predictions(0.2, 0.2, 3), model="other")
    tracked = TrackingConfig(place.uri, place.experiment)
    for asked in ({"runs": kept}, {"where": {"model": "net", "data": ["normal", "mixed"]}}):
        summary = place.client.get_run(question.of_question(EvaluateConfig(**asked, tracking=tracked)))
        note = summary.data.tags["mlflow.note.content"]
        assert all(run_id in note for run_id in kept)
        assert "other" not in note
    with pytest.raises(UserError, match=r"no finished run of faces is model=nothing"):
        question.of_question(EvaluateConfig(where={"model": "nothing"}, tracking=tracked))
    with pytest.raises(UserError, match="a sweep id starts with s-"):
        question.of_question(EvaluateConfig(sweep="x' or 1=1", tracking=tracked))


def test_dotted_parameters_can_be_asked_for():
    asked = {"optimizer": {"learning_rate": [0.1, 0.01]}, "seed": 3}
    assert question.flat(asked) == {"optimizer.learning_rate": ["0.1", "0.01"], "seed": ["3"]}


def test_three_seeds_and_clean_data_leave_no_doubts(place, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed))
    assert facts.doubts(question.tracking.sweep_runs(place, "s-1")) == []
