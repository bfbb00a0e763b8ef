import subprocess
import sys

import pytest

from fer_exp.system.paths import ROOT


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


@pytest.mark.parametrize("file", sorted((ROOT / "conf").glob("*/*.yaml")), ids=lambda p: f"{p.parent.name}={p.stem}")
def test_every_option_says_in_its_first_line_what_it_is(file):
    comments = [li for li in file.read_text().splitlines() if li.startswith("# ") and "@package" not in li]
    assert len(comments[0]) > 12
