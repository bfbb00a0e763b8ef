import numpy as np
import pytest

from fer_exp.inputs.variants import (
    alternate,
    build_samples,
    is_degraded,
    is_size,
    on_curve,
    order_test_sets,
    own_test_set,
)


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
    found = build_samples(variant, np.array([4, 5, 6]), np.array([0, 0, 1]))
    assert found.rows.tolist() == rows
    assert found.covered.tolist() == covered


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="hidden"):
        build_samples("hidden", np.arange(2), np.arange(2))


def test_each_variant_has_its_own_test_set():
    found = [own_test_set(v) for v in ("normal", "occluded", "mixed", "mixed_unique")]
    assert found == ["normal", "occluded", "mixed", "mixed"]


def test_names_say_what_they_are():
    assert [is_size(n) for n in ("quest2-0.5", "quest2-2", "quest2-28px", "28px", "sunglasses")] == [True, True] + 3 * [
        False
    ]
    assert [is_degraded(n) for n in ("quest2-28px", "28px", "quest2-0.5", "normal")] == [True, True, False, False]
    assert [on_curve(n, "quest2") for n in ("normal", "quest2-0.5", "quest2_measured-0.5", "sunglasses")] == [
        True,
        True,
        False,
        False,
    ]
    assert order_test_sets(["sunglasses", "mixed", "28px", "normal", "mixed"]) == [
        "normal",
        "mixed",
        "sunglasses",
        "28px",
    ]
