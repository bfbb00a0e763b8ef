import numpy as np
import pytest
from upright import BROWS, CHIN, EYES, MOUTH, NOSE_TIP, SIZES, at, face, hidden, option

from fer_exp.occlusion.placement import place_occluder


@pytest.mark.parametrize(
    ("name", "covered", "free"),
    [
        ("quest2_measured", [*EYES, *BROWS, *NOSE_TIP], [*MOUTH, *CHIN]),
        ("quest3", [*EYES, *BROWS], [*MOUTH, *CHIN]),
        ("psvr2", [*EYES, *BROWS, *NOSE_TIP], [*CHIN]),
    ],
)
def test_an_occluder_hides_what_it_is_worn_on(name, covered, free):
    mask = hidden(name)
    assert at(mask, covered).all()
    assert not at(mask, free).any()


def test_a_measured_headset_is_as_wide_as_its_millimetres_say():
    bar = place_occluder(face(), SIZES, option("quest3"), ["x"]).polygons[0, 0]
    np.testing.assert_allclose(bar[2] - bar[0], [100 * 184 / 139, 100 * 98 / 139])
