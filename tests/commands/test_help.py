import pytest

from fer_exp.system.paths import ROOT


def test_help_answers_with_every_option_and_key_without_anything_heavy(answer):
    shown = answer("--help", without={"tensorflow", "keras", "mlflow", "sklearn", "pandas"})
    options = [p.stem for p in (ROOT / "conf").glob("*/*.yaml")]
    missing = [name for name in options if f"  {name} " not in shown and f"  {name}\n" not in shown]
    assert not missing
    assert "monitor: val_balanced_accuracy" in shown


@pytest.mark.parametrize("file", sorted((ROOT / "conf").glob("*/*.yaml")), ids=lambda p: f"{p.parent.name}={p.stem}")
def test_every_option_says_in_its_first_line_what_it_is(file):
    comments = [li for li in file.read_text().splitlines() if li.startswith("# ") and "@package" not in li]
    assert len(comments[0]) > 12
