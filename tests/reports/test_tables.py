import csv
import io

import numpy as np
import pandas as pd
import pytest
from rich.table import Table

from fer_exp.reports import matrix, page
from fer_exp.reports.tables import as_csv, escape_latex, escape_markdown, markdown_table, print_table

NAMES = ["[red]rich[", "[/x].jpg", "a|b", "*_bold_*", "<script>alert(1)</script>", ":smile:", r"50%_\^~#&${}", "=1+1"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrap", [True, False])
def test_names_are_text_on_the_terminal(capsys, name, wrap):
    table = Table(title=name, title_justify="left")
    table.add_column(name)
    table.add_row(name)
    print_table(table, wrap)
    assert capsys.readouterr().out.count(name) == 3


def test_a_name_gives_the_terminal_no_orders(capsys):
    table = Table(title="a\x1b]0;title\x07", title_justify="left")
    table.add_column("b\x9b31m")
    table.add_row("c\x1b[2J\r\x08.jpg")
    print_table(table)
    said = capsys.readouterr().out
    assert not set(said) & {"\x1b", "\x07", "\x9b", "\r", "\x08"}
    assert r"c\x1b[2J\x0d\x08.jpg" in said and r"b\x9b31m" in said


def test_a_cell_of_markdown_is_one_cell():
    text = markdown_table(["**x**", "a|b"], [["1\n2", r"a\|b"]])
    assert text.splitlines() == ["| **x** | a\\|b |", "| --- | --- |", "| 1 2 | a\\|b |"]


@pytest.mark.parametrize(
    "name, escaped",
    [
        ("a|b", r"a\|b"),
        ("*x*", r"\*x\*"),
        ("[x](y)", r"\[x\](y)"),
        ("<b>", r"\<b\>"),
        ("_x_", r"\_x\_"),
        ("mixed_unique", "mixed_unique"),
        ("`\\`", r"\`\\\`"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_shows_names_as_they_are(name, escaped):
    assert escape_markdown(name) == escaped


def cells_named(name):
    cell = {"accuracy": 0.5, "low": 0.4, "high": 0.6, "n": 1, "deviation": np.nan, "p": np.nan, "over": "seeds"}
    more = {"below_best": 0.0, "published": np.nan, "without_twins": np.nan, "twins": 0.0}
    return pd.DataFrame([{"trained_on": name, "tested_on": name} | cell | more])


@pytest.mark.parametrize("name", NAMES)
def test_the_matrix_takes_any_name(name, capsys):
    table = cells_named(name)
    assert escape_markdown(name) in matrix.as_markdown(table, "x")
    assert all(line.replace(r"\|", "").count("|") == 3 for line in matrix.as_markdown(table, "x").splitlines())
    assert escape_latex(name) in matrix.as_latex(table, name)
    matrix.print_matrix(table, name)
    assert name in capsys.readouterr().out
    group = {"title": name, "answer": [name], "matrices": [page.cells(table, "best")], "figures": [], "pairs": []}
    group |= {"subgroups": [], "runs": {"columns": [name], "rows": [[name]]}}
    html = page.render(title=name, subtitle=name, warnings=[name], facts=[], groups=[group])
    assert "<script>alert" not in html


def test_every_character_that_latex_reads_is_escaped():
    assert escape_latex("\\") == r"\textbackslash{}"
    assert escape_latex("a_b%&#${}") == r"a\_b\%\&\#\$\{\}"
    assert escape_latex("^~<>|±\n") == r"\textasciicircum{}\textasciitilde{}\textless{}\textgreater{}\textbar{}$\pm$ "


def test_no_cell_of_a_csv_is_a_formula():
    names = ["=1+1", "+1", "-1", "@x", "\tx", "plain", "a=b", 'quote",x']
    table = pd.DataFrame({"id": names, "n": range(-4, 4)})
    rows = list(csv.reader(io.StringIO(as_csv(table))))
    assert [row[0] for row in rows[1:]] == [f"'{n}" for n in names[:5]] + names[5:]
    assert [row[1] for row in rows[1:]] == [str(n) for n in range(-4, 4)]


def test_a_title_is_not_broken_where_a_narrow_table_ends(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    table = Table(title="accuracy, net learning_rate=0.001, best checkpoint (synthetic) [b]")
    table.add_column("n")
    table.add_row("1")
    print_table(table)
    print_table(table)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == lines[len(lines) // 2] == "accuracy, net learning_rate=0.001, best checkpoint (synthetic) [b]"
    assert table.title  # the table is as it was
