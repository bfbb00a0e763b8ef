import logging

import pytest
from configs import configured

from fer_exp.errors import ConfigError

PATTERN = "dataset.group_pattern='face_\\d*(\\d)'"  # ten people, by the last digit


@pytest.mark.slow
def test_a_run_by_people_counts_them_and_warns_of_those_in_the_test_part(train, caplog):
    with caplog.at_level(logging.WARNING):
        tags = train(PATTERN, "split.by=group", "data=normal", "epochs=1").data.tags
    counts = {part: int(tags[f"people.{part}"]) for part in ("training", "validation", "test")}
    assert counts["training"] + counts["validation"] == counts["test"] == 10
    assert tags["people.validation_in_training"] == "0"
    assert tags["people.test_in_training"] == str(counts["training"])
    assert f"{counts['training']} of 10 people in test are also in training" in caplog.text


@pytest.mark.slow
def test_without_it_people_on_both_sides_of_the_split_bring_a_warning_that_names_the_key(train, caplog):
    with caplog.at_level(logging.WARNING):
        train(PATTERN, "data=normal", "epochs=1")
    assert "people in validation are also in training" in caplog.text and "split.by=group" in caplog.text


def test_a_split_by_people_needs_to_know_them():
    with pytest.raises(ConfigError, match=r"dataset\.group_pattern=REGEX, or dataset\.metadata=FILE\.csv"):
        configured("split.by=group")
