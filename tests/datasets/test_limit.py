import numpy as np
import pytest
from conftest import make_faces

from fer_exp.datasets.limit import allot, limited_rows, pick


@pytest.mark.parametrize(
    ("counts", "limit", "kept"),
    [
        ([60, 30, 10], 10, [6, 3, 1]),
        ([98, 1, 1], 10, [8, 1, 1]),
        ([5, 5], 100, [5, 5]),
        ([5, 0, 5], 4, [2, 0, 2]),
        ([5, 5, 5], 1, [1, 1, 1]),
    ],
)
def test_classes_keep_their_shares_and_never_vanish(counts, limit, kept):
    assert allot(np.array(counts), limit).tolist() == kept


def test_the_limit_is_met_exactly_where_there_are_enough_faces():
    rng = np.random.default_rng(0)
    for _ in range(100):
        counts = rng.integers(0, 50, 7)
        limit = int(rng.integers(7, 60))
        kept = allot(counts, limit)
        assert kept.sum() == min(limit, counts.sum())
        assert (kept <= counts).all()
        assert ((kept > 0) == (counts > 0)).all()


def test_rows_stay_in_file_order_and_in_their_parts():
    faces = make_faces(n_train=60, n_test=30)
    rows = limited_rows(faces.ids, faces.labels, faces.parts, 9)
    assert (np.diff(rows) > 0).all()
    few = faces.take(rows)
    assert few.counts(few.rows("train")).tolist() == [3, 3, 3]
    assert few.counts(few.rows("test")).tolist() == [3, 3, 3]


def test_which_faces_stay_depends_on_their_ids_not_on_their_neighbours():
    ids = [f"{i}.jpg" for i in range(20)]
    first = {ids[row] for row in pick(ids, np.arange(20), 5)}
    turned = ids[::-1]
    assert {turned[row] for row in pick(turned, np.arange(20), 5)} == first
    assert first != set(ids[:5])
    assert {ids[row] for row in pick(ids, np.arange(20), 10)} > first


def test_another_salt_draws_other_faces():
    ids = [f"{i}.jpg" for i in range(20)]
    assert set(pick(ids, np.arange(20), 5, "0")) != set(pick(ids, np.arange(20), 5, "1"))
