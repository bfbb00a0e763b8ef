from upright import CHIN, EYES, MOUTH, NOSE_TIP, at, hidden


def test_an_occluder_hides_what_it_is_worn_on():
    mask = hidden("sunglasses")
    assert at(mask, [*EYES]).all()
    assert not at(mask, [*MOUTH, *NOSE_TIP, *CHIN]).any()
