import numpy as np
import pytest

from fer_exp.evaluation import per_class


def test_recall_lost_is_ordered_and_paired(three):
    table = per_class.recall_lost(three[:1], "best")
    assert table["lost"].is_monotonic_decreasing
    found = three[0].predictions["best"]
    for row in table.itertuples():
        mine = found.labels == found.classes.index(row[1])
        lost = found.correct("normal")[mine].mean() - found.correct("occluded")[mine].mean()
        assert row.lost == pytest.approx(lost)
        assert row.low < lost < row.high


def test_confusion_that_the_bar_creates_moves_answers_within_each_true_class(three):
    change = per_class.confusion_change(three[:1], "best")
    assert change.sum(1) == pytest.approx(np.zeros(3), abs=1e-12)
    assert (np.diag(change) < 0).all()
    # wrong answers are always the next class here
    assert change[0, 1] == pytest.approx(-change[0, 0])
