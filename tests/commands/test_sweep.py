import pytest

from fer_exp.commands.sweep import progress


@pytest.mark.parametrize(
    "seconds, planned, said",
    [
        ([120, 120], 9, "2 of 9, about 14 minutes left"),
        ([61], 2, "1 of 2, about 1 minute left"),
        ([2, 2, 3], 4, "3 of 4, less than a minute left"),
        ([3600], 3, "1 of 3, about 2 hours left"),
        ([600, 2, 2], 5, "3 of 5, about 20 minutes left"),  # two were there already
        ([5, 5], 2, "2 of 2"),
    ],
)
def test_a_sweep_says_how_far_it_is_and_how_long_it_may_take(seconds, planned, said):
    assert progress(seconds, planned) == said
