import pytest

from fer_exp.commands.keys import chosen_keys, nearest_key, unknown_key
from fer_exp.system.paths import CONF


@pytest.mark.parametrize(
    "word, meant",
    [
        ("optimizer.lr", "optimizer.learning_rate"),
        ("lr", "optimizer.learning_rate"),
        ("optimiser.learning_rate", "optimizer.learning_rate"),
        ("optimizer.epochs", "epochs"),
        ("batch-size", "batch_size"),
        ("bs", "batch_size"),
        ("epocs", "epochs"),
        ("dataset.n_tran", "dataset.n_train"),
        ("tracking.url", "tracking.uri"),
        ("optimizer.zzz", None),
        ("zzz", None),
    ],
)
def test_the_nearest_key_is_one_that_the_chosen_options_have(word, meant):
    assert nearest_key(word, chosen_keys(CONF, "train", [])) == meant


def test_keys_are_those_of_the_options_that_the_words_choose():
    assert "optimizer.momentum" in chosen_keys(CONF, "train", ["optimizer=sgd", "epochs=3"])
    assert "optimizer.momentum" not in chosen_keys(CONF, "train", ["epochs=3"])
    assert "optimizer.learning_rate" in chosen_keys(CONF, "train", ["optimizer=none_such"])
    assert nearest_key("dataset.n_tran", chosen_keys(CONF, "train", ["dataset=fer2013"])) is None


def test_a_key_of_another_option_is_said_to_be_one():
    said = unknown_key("optimizer.momentum", CONF, "train", [])
    assert said == "optimizer.momentum: the chosen optimizer has no such key; optimizer=rmsprop (also sgd) has it"
    assert "--help lists them" in unknown_key("zzz", CONF, "train", [])
