import re
from pathlib import Path

import pandas as pd
from predicted import predictions

from fer_exp.commands import compare
from fer_exp.evaluation import matrix, results
from fer_exp.reports import page
from fer_exp.tracking import sweep_runs


def test_the_answer_in_sentences_follows_from_the_matrix(three):
    said = page.answer(three, matrix.matrix_table(three, "best"))
    accuracy = {(t.variant, s): t.predictions["best"].correct(s).mean() for t in three for s in ("normal", "occluded")}
    plain, hidden = accuracy["normal", "normal"], accuracy["normal", "occluded"]
    assert f"recognises {plain:.1%} of them; covered (occluder) {hidden:.1%}" in said[0]
    assert f"being covered costs {100 * (plain - hidden):.1f} points (95 % over faces only: " in said[0]
    won = accuracy["mixed", "occluded"] - hidden
    assert f"covered faces by {100 * won:+.1f} points (95 % over faces only: +" in said[2]
    share = re.search(
        rf"{won / (plain - hidden):.0%} of what was lost \(95 % over faces only: (\d+)% to (\d+)%\)", said[2]
    )
    assert share and int(share[1]) < 100 * won / (plain - hidden) < int(share[2])
    assert f"uncovered ones by {100 * (accuracy['mixed', 'normal'] - plain):+.1f} points" in said[2]


def test_no_share_is_won_back_of_a_loss_that_is_not_there(store, add):
    add("normal", 0, predictions(0.7, 0.7, 1))
    add("mixed", 0, predictions(0.7, 0.6, 2))
    found, _ = results.load(store, sweep_runs(store, "s-1"))
    assert "of what was lost" not in " ".join(page.answer(found, matrix.matrix_table(found, "best")))


def test_the_share_of_a_loss_that_chance_could_make_is_not_determined(store, add):
    add("normal", 0, predictions(0.7, 0.69, 1))
    add("mixed", 0, predictions(0.7, 0.9, 2))
    found, _ = results.load(store, sweep_runs(store, "s-1"))
    right = found[0].predictions["best"]
    assert right.correct("normal").mean() > right.correct("occluded").mean()
    said = page.answer(found, matrix.matrix_table(found, "best"))[1]
    assert "what share of the loss this is cannot be determined" in said


def test_a_gain_is_not_called_a_cost(store, add):
    add("normal", 0, predictions(0.6, 0.8, 1))
    found, _ = results.load(store, sweep_runs(store, "s-1"))
    (said,) = page.answer(found, matrix.matrix_table(found, "best"))
    gain = (
        found[0].predictions["best"].correct("occluded").mean() - found[0].predictions["best"].correct("normal").mean()
    )
    assert f"being covered gains {100 * gain:.1f} points (95 % over faces only: " in said and "cost" not in said


def test_several_seeds_have_intervals_over_them(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed))
        add("mixed", seed, predictions(0.85, 0.75, seed + 10))
    found, _ = results.load(store, sweep_runs(store, "s-1"))
    said = " ".join(page.answer(found, matrix.matrix_table(found, "best")))
    assert said.count("(95 %: ") == 4 and "faces only" not in said
    html = page.render(title="", subtitle="", warnings=[], facts=[], groups=[pairs_section(found)])
    assert "normal - mixed" in html and "(McNemar" not in html and "not known" not in html


def pairs_section(found):
    """What the template needs to show the pairs of rows."""
    table = page.pairs(matrix.pair_table(found, "best"), "best", matrix.unlike_seeds(found, "best"))
    return {"pairs": [table], "runs": {"columns": [], "rows": []}, "answer": [], "matrices": [], "figures": []}


def test_one_seed_shows_its_two_networks_apart(three):
    html = page.render(title="", subtitle="", warnings=[], facts=[], groups=[pairs_section(three)])
    assert "of these two networks alone (McNemar" in html
    assert html.count("one seed: not known") == 9
    assert "looks better than it is" in html


def test_rows_whose_seeds_vary_unlike_are_said_and_whose_interval_suffers():
    deviations = {"normal": 0.021, "occluded": 0.004, "mixed": 0.005}
    said = page.describe_unlike_seeds(matrix.UnlikeSeeds("normal", deviations, pooled=True))
    assert said.startswith("On normal the seeds of the rows vary unlike (standard deviations in points: normal 2.1, ")
    assert said.endswith("makes those of normal too narrow and those of occluded, mixed too wide.")
    said = page.describe_unlike_seeds(matrix.UnlikeSeeds("normal", deviations, pooled=False))
    assert said.endswith("intervals and p values there take the seeds of their own rows alone.")


def test_the_details_of_the_page_say_where_seeds_vary_unlike_and_only_there(store, add):
    for seed in range(3):
        add("normal", seed, predictions(0.3 + 0.3 * seed, 0.3, seed))
        add("mixed", seed, predictions(0.85, 0.3, 7 if seed else 8))
    found, _ = results.load(store, sweep_runs(store, "s-1"))
    assert [column.test_set for column in matrix.unlike_seeds(found, "best")] == ["normal", "mixed"]
    html = page.render(title="", subtitle="", warnings=[], facts=[], groups=[pairs_section(found)])
    assert html.count("the seeds of the rows vary unlike") == 2
    assert "On normal the seeds" in html and "makes those of normal too narrow" in html


def test_the_page_is_one_file_with_matrix_pictures_and_warnings(store, add):
    for variant, found in (("normal", predictions(0.9, 0.3, 1)), ("mixed", predictions(0.85, 0.75, 3))):
        add(variant, 0, found, **{"duplicates.test_in_training": "7"})
    summary = compare.of_sweep("s-1", store.uri, store.experiment)
    client = store.client
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


def test_several_networks_stand_side_by_side_with_their_cost(store, add):
    for model, right in (("small", 0.6), ("large", 0.9)):
        add("normal", 0, predictions(right, 0.3, 1), model=model)
    summary = compare.of_sweep("s-1", store.uri, store.experiment)
    html = Path(store.client.download_artifacts(summary, "answer.html")).read_text()
    assert "Side by side" in html
    row = re.search(r"<td>model=large</td>(.*?)</tr>", html, re.S)[1]
    assert "<td>1,234</td>" in row
    assert "<td>normal</td>" in row


def test_a_studys_number_stands_in_its_cell(store, add):
    found = predictions(0.9, 0.3, 1)
    add("normal", 0, found, **{"published/best/occluded": "0.302"})
    summary = compare.of_sweep("s-1", store.uri, store.experiment)
    html = Path(store.client.download_artifacts(summary, "answer.html")).read_text()
    assert f"published 0.302, ours {found.correct('occluded').mean() - 0.302:+.3f}" in html
    assert html.count("published 0") == 1


def test_the_accuracy_without_twins_stands_in_its_cell(store, add):
    add("normal", 0, predictions(0.9, 0.3, 1), **{"twins.test": "7"}, metrics={"best_without_twins/occluded": 0.2871})
    summary = compare.of_sweep("s-1", store.uri, store.experiment)
    html = Path(store.client.download_artifacts(summary, "answer.html")).read_text()
    assert html.count("0.287 without 7 twins") == html.count("without 7 twins") == 1
    table = pd.read_csv(store.client.download_artifacts(summary, "matrix.csv")).set_index(["checkpoint", "tested_on"])
    assert table.loc[("best", "occluded"), ["without_twins", "twins"]].tolist() == [0.2871, 7]
    assert table["twins"].notna().sum() == 1


def test_names_are_escaped_on_the_page():
    html = page.render(title="<script>x</script>", subtitle="", warnings=[], groups=[], facts=[])
    assert "<script>" not in html
