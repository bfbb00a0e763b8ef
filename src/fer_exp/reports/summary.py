"""From runs to the summary run: matrices, tests, tables for a paper, and the answer page."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from fer_exp.config.occlusion import Fill
from fer_exp.evaluation import caveats, win_back
from fer_exp.evaluation.groups import common_params, group_runs, latest_runs
from fer_exp.evaluation.matrix import matrix_table, pair_table, unlike_seeds
from fer_exp.evaluation.results import CHECKPOINTS, RunResult, load
from fer_exp.reports import matrix, page
from fer_exp.reports.group_figures import GroupFigures, log_figure
from fer_exp.reports.run_report import print_run_links
from fer_exp.reports.subgroups import page_tables
from fer_exp.reports.tables import as_csv, escape_markdown
from fer_exp.tracking import Recorder, TrackingStore, provenance

if TYPE_CHECKING:
    from fer_exp.tracking import Run

SYNTHETIC = "These faces are drawn: the numbers say that the machinery works, nothing about people."

SHORT = "Accuracy of the best checkpoints, ± standard deviation over the seeds; with intervals, and the last epochs:"


class Group(NamedTuple):
    """What is written of runs that share a matrix."""

    results: list[RunResult]
    matrices: dict[str, pd.DataFrame]  # by checkpoint
    short: str  # the matrix of the best checkpoints as markdown, a line for each row
    texts: list[str]  # each matrix as markdown
    latex: list[str]
    section: dict[str, Any]  # of the answer page


def summarise(store: TrackingStore, runs: list[Run], tags: dict[str, str], unfinished: list[str] | None = None) -> str:
    """Log and print the comparison of finished runs; return the summary run's id.

    Runs that differ in more than variant and seed (model, learning rate, ...) go into matrices of their own.

    Args:
        store: where the runs are, and the summary run goes.
        runs: finished training runs, at least one.
        tags: of the summary run: which question it answers.
        unfinished: names of what belongs to it and has no results.
    """
    synthetic = any(run.data.tags.get("synthetic") for run in runs)
    name = f"matrix-{'-'.join(sorted({run.data.params['model'] for run in runs}))}"
    tags = {"kind": "summary", "mlflow.runColor": "#555555"} | tags | provenance.git()
    with Recorder.new(store, name, tags | ({"synthetic": "true"} if synthetic else {})) as summary:
        _record(store, summary, runs, unfinished or [], synthetic)
    print_run_links(summary)
    if summary.is_on_server:  # else there is no such page yet
        print(f"answer    {store.url(f'runs/{summary.id}/artifacts/answer.html')}")
    return summary.id


def _record(store: TrackingStore, summary: Recorder, runs: list[Run], unfinished: list[str], synthetic: bool) -> None:
    """Record everything that belongs to the summary run, and print matrices and warnings."""
    summary.log_params(common_params(runs))
    groups: dict[str, Group] = {}
    notes: list[str] = []
    for title, members in group_runs(runs).items():
        counted, repeats = latest_runs(members)
        results, left_out = load(store, counted)
        notes += explain_marks({word for result in results for word in result.mark.split()})
        notes += repeats + left_out
        groups[title] = _record_group(store, summary, title, results, " (synthetic)" if synthetic else "")
    partial = [f"**Partial**: not finished: {', '.join(unfinished)}"] if unfinished else []
    _log_tables(summary, groups)
    _describe(summary, runs, groups, partial)
    warnings = [line.replace("**", "") for line in partial] + notes + caveats.find_caveats(runs)
    _log_page(summary, runs, groups, warnings, SYNTHETIC if synthetic else "")
    for line in warnings:
        print(f"note: {line}")


def explain_marks(words: set[str]) -> list[str]:
    """Return what the words in the names of rows mean for reading them, a sentence each."""
    sentences = []
    if any(word.endswith("px") for word in words):
        sentences.append("Rows differ in resolution: normal, occluded and mixed have their row's, the others the same.")
    if words & {fill.name for fill in Fill}:
        sentences.append("Rows differ in what is seen in place of the occluder: each is tested as it was trained.")
    return sentences


def _record_group(store: TrackingStore, summary: Recorder, title: str, results: list[RunResult], mark: str) -> Group:
    """Print the matrices of a group, one per checkpoint, and log them and its other figures as pictures."""
    file = slug(title)
    matrices: dict[str, pd.DataFrame] = {}
    drawn: dict[str, bytes] = {}
    texts, latex, pairs = [], [], []
    for checkpoint in CHECKPOINTS:
        cells = matrices[checkpoint] = matrix_table(results, checkpoint)
        words = " ".join(filter(None, [title, f"{checkpoint} checkpoint"])) + mark
        texts.append(matrix.as_markdown(cells, f"{escape_markdown(words)}: trained on \\ tested on"))
        matrix.print_matrix(cells, words)
        latex.append(matrix.as_latex(cells, f"Accuracy, {words}"))
        drawn[checkpoint] = log_figure(summary, matrix.draw(cells, words), f"{file}-{checkpoint}")
        compared = pair_table(results, checkpoint)
        if len(compared):
            summary.log_table(compared.round(4), f"{file}/pairs-{checkpoint}.json")
            pairs.append(page.pairs(compared, checkpoint, unlike_seeds(results, checkpoint)))
    won = win_back.find(results)
    if won and not title:
        summary.log_metrics(win_back.metrics(won))
    figures = GroupFigures(store, summary, title, results, file, mark)
    section = {
        "title": title,
        "answer": page.answer(results, matrices["best"], won),
        "matrices": [page.cells(cells, checkpoint) for checkpoint, cells in matrices.items()],
        "subgroups": page_tables(results),
        "twins": any(cells["twins"].notna().any() for cells in matrices.values()),
        "figures": [page.picture(drawn["best"], "The matrix", "Best checkpoints."), *figures.draw_all(won)],
        "pairs": pairs,
        "runs": page.runs(results),
    }
    # no heading above, and narrow: the page shows the first lines alone until it is asked for more
    corner = escape_markdown(f"{title}{': ' * bool(title)}trained \\ tested{mark}")
    short = matrix.as_markdown(matrices["best"], corner, short=True)
    return Group(results, matrices, short, texts, latex, section)


def _log_tables(summary: Recorder, groups: dict[str, Group]) -> None:
    """Log the cells of all matrices as JSON, CSV and LaTeX."""
    matrices = [(title, *item) for title, group in groups.items() for item in group.matrices.items()]
    cells = pd.concat([cells.assign(matrix=title, checkpoint=checkpoint) for title, checkpoint, cells in matrices])
    summary.log_table(cells, "matrix.json")
    summary.log_text(as_csv(cells), "matrix.csv")
    summary.log_text("\n".join(text for group in groups.values() for text in group.latex), "matrix.tex")


def _describe(summary: Recorder, runs: list[Run], groups: dict[str, Group], partial: list[str]) -> None:
    """Make the matrices and links to the runs the description of the summary run."""
    texts = [*(group.short for group in groups.values()), SHORT]
    texts += [text for group in groups.values() for text in group.texts]
    links = [
        f"- [{escape_markdown(run.info.run_name)}](#/experiments/{run.info.experiment_id}/runs/{run.info.run_id})"
        for run in runs
    ]
    note = "\n\n".join([*partial, *texts, f"{matrix.KEY}\n\nRuns:", "\n".join(links)])
    summary.set_tags({"mlflow.note.content": note})


def _log_page(summary: Recorder, runs: list[Run], groups: dict[str, Group], warnings: list[str], subtitle: str) -> None:
    """Log the answer page."""
    models = ", ".join(sorted({run.data.params["model"] for run in runs}))
    matrices = {
        title: (group.results, group.matrices["best"], group.matrices["last"]) for title, group in groups.items()
    }
    html = page.render(
        overview=page.overview(matrices) if len(groups) > 1 else None,
        title=f"{models} on {runs[0].data.params.get('dataset', 'faces')}",
        subtitle=subtitle,
        warnings=warnings,
        groups=[group.section for group in groups.values()],
        facts=caveats.describe_data(runs),
    )
    summary.log_text(html, "answer.html")


def slug(title: str) -> str:
    """Turn a matrix's title into a name for files and metrics."""
    if not title:
        return "matrix"
    words = re.sub(r"[^\w.-]+", "-", title.replace("=", "_"))
    return f"matrix-{words}" if len(words) <= 80 else f"matrix-{words[:80]}-{sha256(title.encode()).hexdigest()[:6]}"
