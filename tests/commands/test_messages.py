import subprocess
import sys

import pytest

from fer_exp.system.paths import ROOT


def train(*words, timeout=60):
    command = [sys.executable, str(ROOT / "train.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=ROOT)


@pytest.mark.parametrize(
    "words, said",
    [
        (["epocs=3"], "epocs: no such key; did you mean epochs?"),
        (["dataset.n_tran=3"], "dataset.n_tran: no such key; did you mean dataset.n_train?"),
        (["epochs=many"], "epochs=many: 'many' is not a whole number"),
        (["epochs=0"], "epochs=0: must be above 0"),
        (["optimizer.learning_rate=-1"], "optimizer.learning_rate=-1.0: must be above 0"),
        (
            ["data=ocluded"],
            "data=ocluded: must be one of mixed, mixed_unique, normal, occluded; did you mean occluded?",
        ),
        (["data=fer2013"], "data=fer2013: fer2013 is a dataset; did you mean dataset=fer2013?"),
        (["dataset.on_bad=maybe"], "dataset.on_bad=maybe: Invalid value 'maybe', expected one of [fail, skip]"),
        (["monitor=val_acc"], "monitor=val_acc: must be one of val_loss, val_accuracy"),
        (["monitor=val_loss"], "monitor=val_loss with mode=max: mode must be min"),
        (["resample=true"], "resample=true with class_weights=sqrt"),
        (["optimizer=adamw", "reduce_lr_on_plateau.patience=2"], "two rules for one learning rate"),
        (["dataset.root=a=b(c"], "quote values"),
        (["-m", "optimizer.learning_rate=1e-3,-1"], "optimizer.learning_rate=-1.0: must be above 0 (job"),
        (["-m", "experiment=smoke,smoke"], "one experiment per sweep"),
        (["-m", "data=glob(nothing*)"], "this sweep has no jobs"),
        (["-m", "model=glob(emotion*)", "epochs=0"], "epochs=0: must be above 0 (job"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_word_ends_at_once_with_key_value_and_what_is_allowed(words, said):
    done = train(*words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
