from dataclasses import replace

import pytest

from fer_exp.config.occlusion import Fill, HeadsetConfig, Missing, SunglassesConfig
from fer_exp.config.test_sets import further_test_sets
from fer_exp.errors import ConfigError

OWN = HeadsetConfig(name="quest2", kind="headset", missing=Missing.frame, color=[9, 9, 9], scale=1.1, fill=Fill.mean)


def test_an_option_an_own_size_and_a_resolution_are_test_sets_by_name():
    found = further_test_sets(["sunglasses", "quest2-0.5", "28px", "quest2-28px", "sunglasses-1.5-14px"], OWN)
    assert list(found) == ["sunglasses", "quest2-0.5", "28px", "quest2-28px", "sunglasses-1.5-14px"]
    assert isinstance(found["sunglasses"].occlusion, SunglassesConfig) and found["sunglasses"].degrade is None
    assert found["28px"].occlusion is None and found["28px"].degrade == 28
    last = found["sunglasses-1.5-14px"]
    assert (last.occlusion.scale, last.degrade) == (1.5, 14)


def test_the_runs_own_occluder_keeps_its_keys_and_others_only_what_concerns_the_faces():
    found = further_test_sets(["quest2-0.5", "quest2", "sunglasses"], OWN)
    assert (found["quest2-0.5"].occlusion.color, found["quest2-0.5"].occlusion.scale) == ([9, 9, 9], 0.5)
    assert found["quest2"].occlusion == OWN
    assert found["sunglasses"].occlusion.missing is Missing.frame
    assert found["sunglasses"].occlusion.color == [15, 15, 15]
    assert found["sunglasses"].occlusion.fill is Fill.mean
    assert OWN.scale == 1.1


def test_a_grey_and_a_grainy_bar_are_the_bar_with_the_runs_own_fill():
    found = further_test_sets(["quest2_grey", "quest2_grainy", "quest2_grainy-0.5"], OWN)
    bars = [test_set.occlusion for test_set in found.values()]
    assert [(bar.color, bar.noise > 0, bar.scale) for bar in bars] == [
        ([128, 128, 128], False, 1.0),
        ([128, 128, 128], True, 1.0),
        ([128, 128, 128], True, 0.5),
    ]
    black = further_test_sets(["quest2"], replace(OWN, name="other"))["quest2"].occlusion
    for bar in bars[:2]:
        assert (bar.fill, bar.missing) == (Fill.mean, Missing.frame)
        assert replace(bar, name="quest2", color=[0, 0, 0], noise=0) == black


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("sunglases", "did you mean sunglasses"),
        ("occluded", "not a test set"),
        ("quest2@0.5", "not a test set"),
        ("", "not a test set"),
        ("quest2-0", "above 0"),
        ("quest2-9", "at most 5"),
        ("2px", "at least 4 pixels"),
        ("../secret", "not a test set"),
    ],
)
def test_what_is_no_test_set_is_said(word, says):
    with pytest.raises(ConfigError, match=says):
        further_test_sets([word], OWN)


def test_a_test_set_is_there_once():
    with pytest.raises(ConfigError, match="twice"):
        further_test_sets(["28px", "28px"], OWN)
