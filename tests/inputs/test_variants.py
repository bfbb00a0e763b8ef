import numpy as np
import pytest

from fer_exp.inputs.variants import alternate, items, own_test_set


def test_mixed_test_set_covers_even_ranks_of_each_class():
    labels = np.array([0, 0, 1, 0, 1, 1, 2])
    assert alternate(labels).tolist() == [True, False, True, True, False, True, True]


@pytest.mark.parametrize(
    "variant, rows, covered",
    [
        ("normal", [4, 5, 6], [False] * 3),
        ("occluded", [4, 5, 6], [True] * 3),
        ("mixed", [4, 5, 6, 4, 5, 6], [False] * 3 + [True] * 3),
        ("mixed_unique", [4, 5, 6], [True, False, True]),
    ],
)
def test_each_variant_shows_the_faces_it_says(variant, rows, covered):
    found = items(variant, np.array([4, 5, 6]), np.array([0, 0, 1]))
    assert found.rows.tolist() == rows
    assert found.covered.tolist() == covered


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="hidden"):
        items("hidden", np.arange(2), np.arange(2))


def test_each_variant_has_its_own_test_set():
    found = [own_test_set(v) for v in ("normal", "occluded", "mixed", "mixed_unique")]
    assert found == ["normal", "occluded", "mixed", "mixed"]
