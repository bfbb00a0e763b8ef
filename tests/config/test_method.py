import pytest
from configs import composed, configured

from fer_exp.config.compose import from_stored
from fer_exp.errors import ConfigError


@pytest.mark.parametrize(
    ("arm", "chosen"),
    [
        ("normal", ("normal", "color", "plain")),
        ("mixed", ("mixed", "color", "plain")),
        ("fill", ("mixed", "inpaint", "plain")),
        ("fill_distill", ("mixed", "inpaint", "distill")),
    ],
)
def test_an_arm_is_a_variant_a_fill_and_a_method(arm, chosen):
    cfg = configured(f"arm={arm}")
    assert (cfg.data.name, cfg.occlusion.fill.name, cfg.method.name) == chosen


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("method.alpha=1.5", "must be from 0 .* to 1"),
        ("method.temperature=0", "must be from 0.1 to 100"),
    ],
)
def test_impossible_values_are_said(word, says):
    with pytest.raises(ConfigError, match=f"{word}.*{says}"):
        configured("method=distill", word)


def test_runs_from_before_there_were_methods_learned_from_labels_alone():
    _, resolved = composed(["method=distill"])
    assert from_stored(resolved).method.temperature == 2
    del resolved["method"], resolved["mirror"], resolved["epoch_size"], resolved["occlusion"]["fill"]
    old = from_stored(resolved)
    assert (old.method.name, old.mirror, old.epoch_size.name, old.occlusion.fill.name) == (
        "plain",
        False,
        "pictures",
        "color",
    )
