import numpy as np
import pandas as pd

from fer_exp.evaluation.matrix import matrix_table
from fer_exp.reports import matrix


def test_a_cell_without_a_run_stays_empty():
    cell = {"trained_on": "normal", "tested_on": "normal", "accuracy": 0.5, "low": 0.4, "high": 0.6, "n": 1}
    other = cell | {"trained_on": "mixed", "tested_on": "mixed"}
    table = pd.DataFrame([cell, other]).assign(deviation=np.nan, p=np.nan, over="faces")
    assert matrix.as_markdown(table, "best").splitlines()[2] == "| **normal** | **0.500** 0.400-0.600 faces only |  |"


def test_the_short_matrix_has_deviations_while_they_fit_and_stars_always(three):
    table = matrix_table(three, "best").assign(n=2, deviation=0.0123, p=0.01)
    assert matrix.as_markdown(table, "x", short=True).count(" ± 0.012*") == 9
    more = pd.concat([table, table[table.tested_on == "mixed"].assign(tested_on="quest3")])
    short = matrix.as_markdown(more, "x", short=True)
    assert "±" not in short and short.count("***") == 12


def test_the_latex_table_escapes_what_latex_would_read(three):
    text = matrix.as_latex(matrix_table(three, "best"), "50 % of mini_xception")
    assert r"50 \% of mini\_xception" in text
    assert text.count(r"\\") == 4
    assert r"\begin{tabular}{lrrr}" in text


def test_ranges_in_latex_have_en_dashes(three):
    table = matrix_table(three, "best")
    text = matrix.as_latex(table, "28px-pictures")
    for cell in table.itertuples():
        assert f"({cell.low:.3f}--{cell.high:.3f} faces only)" in text
    assert "28px-pictures" in text


def test_one_seed_is_never_starred(three):
    table = matrix_table(three, "best")
    assert table["accuracy"].max() - table["accuracy"].min() > 0.4
    assert "*" not in matrix.as_markdown(table, "x").replace("**", "")


def test_the_terminal_says_once_that_intervals_are_over_faces_only(three, capsys):
    matrix.print_matrix(matrix_table(three, "best"), "best checkpoint")
    said = capsys.readouterr().out
    assert said.count("faces only") == 1 and "(intervals: faces only)" in said
