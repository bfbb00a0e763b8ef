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
        (["epochs=many"], "epochs=many: 'many' is no Integer"),
        (["epochs=0"], "epochs=0: above 0"),
        (["optimizer.learning_rate=-1"], "optimizer.learning_rate=-1.0: above 0"),
        (["data=ocluded"], "data=ocluded: one of mixed, mixed_unique, normal, occluded; did you mean occluded?"),
        (["data=fer2013"], "data=fer2013: fer2013 is a dataset; did you mean dataset=fer2013?"),
        (["dataset.on_bad=maybe"], "dataset.on_bad=maybe: Invalid value 'maybe', expected one of [fail, skip]"),
        (["monitor=val_acc"], "monitor=val_acc: one of val_loss, val_accuracy"),
        (["monitor=val_loss"], "monitor=val_loss with mode=max: mode must be min"),
        (["resample=true"], "resample=true with class_weights=sqrt"),
        (["optimizer=adamw", "reduce_lr_on_plateau.patience=2"], "two rules for one learning rate"),
        (["dataset.root=a=b(c"], "quote values"),
        (["-m", "optimizer.learning_rate=1e-3,-1"], "optimizer.learning_rate=-1.0: above 0 (job"),
        (["-m", "experiment=smoke,smoke"], "one experiment per sweep"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_word_ends_at_once_with_key_value_and_what_is_allowed(words, said):
    done = train(*words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_help_answers_with_every_option_and_key_without_anything_heavy():
    code = (
        "import sys, runpy; sys.argv = ['train.py', '--help']\n"
        "try: runpy.run_path('train.py', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'sklearn', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    options = [p.stem for p in (ROOT / "conf").glob("*/*.yaml")]
    missing = [name for name in options if f"  {name} " not in done.stdout and f"  {name}\n" not in done.stdout]
    assert not missing
    assert "monitor: val_balanced_accuracy" in done.stdout


def test_cfg_job_prints_the_configuration_without_anything_heavy():
    code = (
        "import sys, runpy; sys.argv = ['train.py', '--cfg', 'job', 'model=emotion_cnn_4']\n"
        "try: runpy.run_path('train.py', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'tensorflow', 'keras', 'mlflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "name: emotion_cnn_4" in done.stdout


@pytest.mark.parametrize("file", sorted((ROOT / "conf").glob("*/*.yaml")), ids=lambda p: f"{p.parent.name}={p.stem}")
def test_every_option_says_in_its_first_line_what_it_is(file):
    comments = [li for li in file.read_text().splitlines() if li.startswith("# ") and "@package" not in li]
    assert len(comments[0]) > 12
