import pytest
from configs import configured
from predicted import predictions

from fer_exp.commands import plan
from fer_exp.errors import ConfigError, UserError


def asked(store, *words):
    where = [f"tracking.uri={store.uri}", f"tracking.experiment={store.experiment}"]
    plan.plan(configured(*where, *words, command="plan"))


def test_the_answer_has_a_line_for_each_test_set_and_number_of_faces(store, add, capsys):
    for seed in (0, 1):
        add("normal", seed, predictions(0.9, 0.3, seed))
        add("mixed", seed, predictions(0.85, 0.7, seed + 5))
    asked(store, "sweep=s-1", "difference=30")
    shown = capsys.readouterr().out
    assert "seeds of each training that would show 30 points in 80% of cases" in shown
    assert all(shown.count(f"│ {name} ") == 3 for name in ("normal", "occluded", "mixed"))
    assert " 480 " in shown and "p corrected for all pairs of rows" in shown


def test_what_cannot_be_answered_is_said(store):
    with pytest.raises(UserError, match="no finished run in faces"):
        asked(store, "sweep=s-9")
    for words, message in (
        (["difference=0"], "difference=0"),
        (["power=1"], "power=1"),
        (["checkpoint=all"], "must be best or last"),
    ):
        with pytest.raises(ConfigError, match=message):
            asked(store, "sweep=s-1", *words)
