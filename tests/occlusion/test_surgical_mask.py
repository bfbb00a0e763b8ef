from upright import BROWS, CHIN, EYES, MOUTH, NOSE_TIP, at, hidden


def test_an_occluder_hides_what_it_is_worn_on():
    mask = hidden("surgical_mask")
    assert at(mask, [*MOUTH, *NOSE_TIP, *CHIN]).all()
    assert not at(mask, [*EYES, *BROWS]).any()
