import pytest

from fer_exp.commands import evaluate, train
from fer_exp.commands.words import check_words, for_hydra
from fer_exp.errors import ConfigError


@pytest.mark.parametrize(
    "words, said",
    [
        (["--epochs", "3"], "--epochs 3: keys are given without dashes and with =: epochs=3"),
        (["--epochs=3"], "epochs=3"),
        (["-epochs", "3"], "epochs=3"),
        (["--data", "mixed"], "data=mixed"),
        (["--learning-rate", "0.1"], "optimizer.learning_rate=0.1"),
        (["--dataset-root", "faces"], "dataset.root=faces"),
        (["--force"], "force=VALUE"),
        (["--nothing-like-it"], "no such flag"),
        (["-m", "--cfg", "job"], "leave -m out"),
        (["epochs", "=", "3"], "epochs = 3: no blanks around =, say epochs=3"),
        (["epochs", "=3"], "epochs =3: no blanks around =, say epochs=3"),
        (["data=", "normal"], "data= normal: no blanks around =, say data=normal"),
        (["normal"], "normal: not key=value; did you mean data=normal?"),
        (["dataset.root=/my", "dir"], "a value with blanks in it is quoted: \"dataset.root='a b'\""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_people_type_in_place_of_key_and_value_is_answered_with_both(words, said):
    with pytest.raises(ConfigError) as error:
        check_words("train", words)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_flag_of_hydra_that_is_a_key_of_evaluate_is_taken_for_the_key():
    with pytest.raises(ConfigError, match="run=abcd"):
        check_words("evaluate", ["--run", "abcd"])


@pytest.mark.parametrize(
    "words",
    [
        ["--cfg", "job", "epochs=3"],
        ["epochs=3", "-m"],
        ["--config-dir", "mine", "resume="],
        ["--info", "all"],
        ["--multi", "seed=1,2"],
        ["resume=", "epochs=3"],
        ["~experiment", "--hydra-help"],
    ],
    ids=" ".join,
)
def test_words_that_hydra_knows_pass(words):
    assert check_words("train", words) is None


def test_keys_of_several_runs_need_no_brackets():
    words = ["route.normal=12e4,net-s0", "route.occluded=[a,b]", "runs=0045", "route.normal=null"]
    assert for_hydra("evaluate", words) == [
        "route.normal=['12e4',net-s0]",
        "route.occluded=['a','b']",
        "runs=['0045']",
        "route.normal=null",
    ]


def test_ids_are_text_even_where_they_read_as_numbers_and_a_plus_hides_nothing():
    assert for_hydra("train", ["run=12e45678", "resume=0012", "runs=[12e4, 0045,last,a-1]"]) == [
        "run='12e45678'",
        "resume='0012'",
        "runs=['12e4', '0045',last,a-1]",
    ]
    assert for_hydra("live", ["output=a.mp4,b.csv", "source=rtsp://h/v?a=b's", "source='x'", "source=", "run=12"]) == [
        "output=[a.mp4,b.csv]",
        r"source='rtsp://h/v?a=b\'s'",
        "source='x'",
        "source=",
        "run='12'",
    ]
    assert for_hydra("occlude", ["output=a"]) == ["output=a"]
    assert for_hydra("train", ["+epochs=3", "-m", "+where.model=x", "hydra.verbose=true", "run='12'"]) == [
        "-m",
        "epochs=3",
        "++where.model=x",
        "hydra.verbose=true",
        "run='12'",
    ]


@pytest.mark.parametrize("plus", ["", "+", "++"])
def test_an_unknown_key_is_refused_with_and_without_a_plus(plus, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert train.main([f"{plus}optimizer.lr=0.1", "--cfg", "job"]) == 2
    assert "optimizer.lr: no such key; did you mean optimizer.learning_rate?" in capsys.readouterr().err
    assert evaluate.main([f"{plus}where.modle=x", "--cfg", "job"]) == 0
    assert "modle: x" in capsys.readouterr().out


def test_keys_of_an_occluder_that_is_not_chosen_are_those_of_the_runs_own():
    words = ["run='1'", "occlusion.fill=mean"]
    assert for_hydra("evaluate", words) == ["run='1'", "++occlusion_changes.fill=mean"]
    assert for_hydra("evaluate", ["occlusion=quest2", *words]) == ["occlusion=quest2", *words]
    assert for_hydra("train", words) == words
