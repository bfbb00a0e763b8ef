import numpy as np
import pandas as pd
import pytest
from inked import draws_well

from fer_exp.reports import figures

MATRIX = np.array([[0.7, 0.3, 0.5], [0.4, np.nan, 0.5]])


@pytest.mark.parametrize(
    "make",
    [
        lambda: figures.matrix(["normal", "mixed"], ["normal", "occluded", "mixed"], MATRIX, [["n"] * 3] * 2, "title"),
    ],
    ids=["matrix"],
)
def test_every_picture_draws_with_ink_on_it_and_without_warnings(make, recwarn):
    draws_well(make(), recwarn)


def test_a_class_that_has_no_interval_says_so():
    rows = {"class": ["sad", "angry"], "faces": [200, 20], "lost": [0.2, 0.1], "low": [0.1, np.nan]}
    table = pd.DataFrame(rows | {"high": [0.3, np.nan], "unknown": ["", "fewer than 30 faces"]})
    figure = figures.recall_lost({"normal": table, "mixed": table}, "title")
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["sad (200)", "angry (20, no interval)"]


def test_colours_span_the_intervals():
    intervals = np.stack([MATRIX - 0.05, MATRIX + 0.1])
    figure = figures.matrix(["a", "b"], ["x", "y", "z"], MATRIX, [["n"] * 3] * 2, "title", intervals)
    assert figure.axes[0].images[0].get_clim() == pytest.approx((0.25, 0.8))


def test_an_empty_cell_of_the_matrix_has_no_number():
    figure = figures.matrix(["a", "b"], ["x", "y", "z"], MATRIX, [["note"] * 3] * 2, "title")
    numbers = [t.get_text() for t in figure.axes[0].texts if t.get_text() != "note"]
    assert numbers == ["0.700", "0.300", "0.500", "0.400", "0.500"]
