import numpy as np
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


def test_an_empty_cell_of_the_matrix_has_no_number():
    figure = figures.matrix(["a", "b"], ["x", "y", "z"], MATRIX, [["note"] * 3] * 2, "title")
    numbers = [t.get_text() for t in figure.axes[0].texts if t.get_text() != "note"]
    assert numbers == ["0.700", "0.300", "0.500", "0.400", "0.500"]
