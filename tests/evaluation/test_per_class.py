import numpy as np
import pytest
from predicted import predictions

from fer_exp.evaluation import per_class, results
from fer_exp.tracking import sweep_runs


def test_recall_lost_is_ordered_and_paired(three):
    tables = per_class.recall_lost(three, "best")
    assert list(tables) == ["normal", "occluded", "mixed"]
    table = tables["normal"]
    assert table["lost"].is_monotonic_decreasing
    found = three[0].predictions["best"]
    for row in table.itertuples():
        mine = found.labels == found.classes.index(row[1])
        lost = found.correct("normal")[mine].mean() - found.correct("occluded")[mine].mean()
        assert row.lost == pytest.approx(lost)
        assert -1 <= row.low < lost < row.high <= 1 and row.unknown == ""


def with_faces(result, kept):
    """The same result on these faces alone."""
    return result._replace(
        predictions={
            name: p._replace(
                ids=p.ids[kept], labels=p.labels[kept], probabilities={f: v[kept] for f, v in p.probabilities.items()}
            )
            for name, p in result.predictions.items()
        }
    )


def test_a_class_of_few_faces_has_no_interval_and_says_why(three):
    labels = three[0].predictions["best"].labels
    kept = (labels != 0) | (np.cumsum(labels == 0) <= 20)
    table = per_class.recall_lost([with_faces(result, kept) for result in three], "best")["normal"].set_index("class")
    assert table.loc["angry", "faces"] == 20 and table.loc["angry", "unknown"] == "fewer than 30 faces"
    assert np.isnan(table.loc["angry", ["low", "high"]].astype(float)).all()
    assert table.loc[["happy", "sad"], "low"].notna().all()


def test_a_class_of_few_people_has_no_interval_and_says_why(three):
    def shown_on(result, people):
        who = np.array([f"S{i % people}" for i in range(len(result.predictions["best"].ids))])
        return result._replace(predictions={name: p._replace(groups=who) for name, p in result.predictions.items()})

    few, many = (per_class.recall_lost([shown_on(r, n) for r in three], "best")["normal"] for n in (7, 20))
    assert (few["unknown"] == "fewer than 10 people").all() and few["low"].isna().all()
    assert (many["unknown"] == "").all() and many["low"].notna().all()


def test_recall_lost_stays_within_one_with_two_seeds(store, add):
    # by resampling, -3.3 to 3.1 was seen
    for seed, right in enumerate((0.95, 0.2)):
        add("normal", seed, predictions(right, 1 - right, seed))
    members, _ = results.load(store, sweep_runs(store, "s-1"))
    table = per_class.recall_lost(members, "best")["normal"]
    assert table[["low", "high"]].stack().between(-1, 1).all() and (table["high"] - table["low"]).min() > 1


def test_confusion_that_the_bar_creates_moves_answers_within_each_true_class(three):
    change = per_class.confusion_change(three[:1], "best")
    assert change.sum(1) == pytest.approx(np.zeros(3), abs=1e-12)
    assert (np.diag(change) < 0).all()
    # wrong answers are always the next class here
    assert change[0, 1] == pytest.approx(-change[0, 0])
