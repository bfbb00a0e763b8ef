import os
import shutil
import subprocess
import sys

import pytest

from fer_exp.__main__ import VERBS, main
from fer_exp.system.paths import ROOT


@pytest.fixture
def completed(monkeypatch, capsys):
    """completed(line) -> the words that the shell is offered behind it."""

    def ask(line):
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setattr(sys, "argv", ["fer-exp", "-sc", "query=bash"])
        assert main() == 0
        return capsys.readouterr().out.split()

    return ask


@pytest.mark.parametrize("line", ["fer-exp ", "fer-exp tr"])
def test_the_first_word_is_a_verb(completed, line):
    assert completed(line) == list(VERBS)


def test_options_in_folders_complete_into_the_folder(completed):
    assert {"experiment=smoke", "experiment=study_a/"} <= set(completed("fer-exp train experiment="))
    assert "experiment=study_a/normal" in completed("fer-exp train experiment=study_a/")
    assert completed("fer-exp train exp") == ["experiment="]


def test_an_enumeration_has_its_names_and_a_switch_its_two(completed):
    assert completed("fer-exp train class_weights=s") == ["class_weights=sqrt"]
    assert completed("fer-exp train model=resnet50 model.finetune=") == [
        "model.finetune=all",
        "model.finetune=none",
        "model.finetune=part",
    ]
    assert completed("fer-exp train force=") == ["force=false", "force=true"]


def test_the_last_value_of_a_list_is_completed(completed):
    assert completed("fer-exp train -m data=normal,mi") == ["data=normal,mixed", "data=normal,mixed_unique"]


def test_each_verb_has_its_own_keys_and_files_are_completed_too(completed, tmp_path, monkeypatch):
    assert "checkpoint=" in completed("fer-exp evaluate check")
    (tmp_path / "faces").mkdir()
    monkeypatch.chdir(tmp_path)
    assert completed("fer-exp train dataset=affectnet dataset.root=./f") == ["dataset.root=./faces"]
    assert completed("fer-exp sync ") == []


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("program", ["fer-exp train", "python train.py"])
def test_bash_completes_what_is_typed(program, tmp_path):
    folder = os.path.dirname(sys.executable)
    script = f"""
        eval "$({program} -sc install=bash)"
        COMP_LINE="{program} experiment=study_b/emotion_model_" COMP_POINT=99 COMP_CWORD=2
        hydra_bash_completion; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    variables = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=ROOT, env=variables)
    assert done.stdout.split() == [f"experiment=study_b/emotion_model_{i}" for i in (1, 2, 3)], done.stderr
