"""From runs to the summary run: matrices, tests, tables for a paper, and the answer page."""

from __future__ import annotations

import logging
import re
from hashlib import sha256
from typing import TYPE_CHECKING

import pandas as pd

from fer_exp import tracking
from fer_exp.errors import UserError
from fer_exp.evaluation import caveats as facts
from fer_exp.evaluation import examples, severity
from fer_exp.evaluation import per_class as classes
from fer_exp.evaluation.groups import common, grouped, once
from fer_exp.evaluation.matrix import table
from fer_exp.evaluation.results import CHECKPOINTS, Trial, load, rows_of
from fer_exp.inputs.variants import TEST_SETS
from fer_exp.reports import figures, matrix, page
from fer_exp.reports.run import say_where
from fer_exp.system.paths import ROOT
from fer_exp.tracking import Place, Recorder, provenance

if TYPE_CHECKING:
    from fer_exp.reports.figures import Figure
    from fer_exp.tracking import Run

log = logging.getLogger(__name__)
WATCHED = "val_balanced_accuracy"
SYNTHETIC = "These faces are drawn: the numbers say that the machinery works, nothing about people."


def answer(place: Place, runs: list[Run], tags: dict[str, str], unfinished: list[str] | None = None) -> str:
    """Log and print the comparison of finished runs; returns the summary run's id.

    Runs that differ in more than variant and seed (model, learning rate, ...) go into matrices of their own.

    Args:
        place: where they are.
        runs: finished training runs, at least one.
        tags: of the summary run: which question it answers.
        unfinished: names of what belongs to it and has no results.
    """
    synthetic = any(run.data.tags.get("synthetic") for run in runs)
    name = f"matrix-{'-'.join(sorted({run.data.params['model'] for run in runs}))}"
    tags = {"kind": "summary", "mlflow.runColor": "#555555"} | tags | provenance.git(ROOT)
    with Recorder.new(place, name, tags | ({"synthetic": "true"} if synthetic else {})) as summary:
        _write(place, summary, runs, unfinished or [], synthetic)
    say_where(summary)
    if summary.is_delivered:  # else there is no such page yet
        print(f"answer    {place.url(f'runs/{summary.id}/artifacts/answer.html')}")
    return summary.id


def _write(place: Place, summary: Recorder, runs: list[Run], unfinished: list[str], synthetic: bool) -> None:
    """All of the summary run."""
    mark = " (synthetic)" if synthetic else ""
    summary.parameters(common(runs))
    partial = []
    if unfinished:
        partial = [f"**Partial**: not finished: {', '.join(unfinished)}"]
    texts, rows, latex, sections, beside, notes = list(partial), [], [], [], {}, []
    for title, members in grouped(runs).items():
        counted, repeats = once(members)
        mine, left_out = load(place, counted)
        if any(trial.resolution for trial in mine):
            notes.append("Rows differ in resolution: normal, occluded and mixed have their row's, the others the same.")
        notes += repeats + left_out
        file = slug(title)
        matrices = {}
        for checkpoint in CHECKPOINTS:
            cells = matrices[checkpoint] = table(mine, checkpoint)
            words = " ".join(filter(None, [title, f"{checkpoint} checkpoint"])) + mark
            # no heading above: the page shows the first lines alone until it is asked for more
            texts.append(matrix.as_markdown(cells, f"{words}: trained on \\ tested on"))
            matrix.say(cells, words)
            rows.append(cells.assign(matrix=title, checkpoint=checkpoint))
            latex.append(matrix.as_latex(cells, f"Accuracy, {words}"))
            picture = matrix.draw(cells, words)
            for ending in ("png", "pdf"):
                summary.figure(picture, f"{file}-{checkpoint}.{ending}")
        beside[title] = (mine, matrices["best"], matrices["last"])
        part = Section(place, summary, title, mine, file, mark)
        part.draw(matrices["best"])
        sections.append(
            {
                "title": title,
                "answer": page.answer(mine, matrices["best"]),
                "matrices": [page.cells(cells, checkpoint) for checkpoint, cells in matrices.items()],
                "figures": part.figures,
                "runs": page.runs(mine),
            }
        )
    everything = pd.concat(rows)
    summary.table(everything, "matrix.json")
    summary.text(everything.to_csv(index=False), "matrix.csv")
    summary.text("\n".join(latex), "matrix.tex")
    links = [f"- [{run.info.run_name}](#/experiments/{run.info.experiment_id}/runs/{run.info.run_id})" for run in runs]
    summary.tags({"mlflow.note.content": "\n\n".join([*texts, f"{matrix.KEY}\n\nRuns:", "\n".join(links)])})
    warnings = [line.replace("**", "") for line in partial] + notes + facts.doubts(runs)
    models = ", ".join(sorted({run.data.params["model"] for run in runs}))
    title = f"{models} on {runs[0].data.params.get('dataset', 'faces')}"
    overview = page.overview(beside) if len(beside) > 1 else None
    content = {"overview": overview, "title": title, "subtitle": SYNTHETIC if synthetic else "", "warnings": warnings}
    summary.text(page.render(**content, groups=sections, facts=facts.data(runs)), "answer.html")
    for line in warnings:
        print(f"note: {line}")


def slug(title: str) -> str:
    """A matrix's title as a name of files and metrics."""
    if not title:
        return "matrix"
    words = re.sub(r"[^\w.-]+", "-", title.replace("=", "_"))
    return f"matrix-{words}" if len(words) <= 80 else f"matrix-{words[:80]}-{sha256(title.encode()).hexdigest()[:6]}"


class Section:
    """One matrix with all that belongs to it: its pictures go into the run as PNG and PDF, and onto the page."""

    def __init__(self, place: Place, summary: Recorder, title: str, trials: list[Trial], file: str, mark: str):
        self.place, self.summary, self.trials, self.file = place, summary, trials, file
        self.said = f"{title}{mark}".strip()
        self.figures: list[dict[str, str]] = []
        by_variant = {v: [t for t in trials if t.variant == v and t.predictions] for v in rows_of(trials)}
        self.compared = {v: found for v, found in by_variant.items() if found}
        covered = lambda found: "occluded" in found[0].predictions["best"].probabilities  # noqa: E731
        self.pairs = {v: found for v, found in self.compared.items() if covered(found)}

    def draw(self, best: pd.DataFrame) -> None:
        """Every picture that the runs allow."""
        picture = matrix.draw(best, f"best checkpoint {self.said}")  # the run has it already
        self.figures.append(page.picture(picture, "The matrix", "Best checkpoints."))
        self.severity()
        if self.pairs:
            self.recall_lost()
            self.confusion_change()
        if self.compared:
            self.reliability()
        self.histories()
        if self.pairs:
            self.examples()

    def add(self, figure: Figure, name: str, heading: str, words: str) -> None:
        """Keep one picture."""
        for ending in ("png", "pdf"):
            self.summary.figure(figure, f"{self.file}/{name}.{ending}")
        self.figures.append(page.picture(figure, heading, words))

    def severity(self) -> None:
        """Accuracy by how much is hidden, where there is more than the bar itself."""
        found = severity.table(self.trials, "best")
        if found["tested_on"].nunique() > 2:
            self.summary.table(found.round(4), f"{self.file}/severity.json")
            words = "Mean over the test faces of the share of the face (hull of its landmarks) under the occluder."
            figure = figures.severity(found, f"best checkpoint {self.said}")
            self.add(figure, "severity", "Accuracy against the covered share of the face", words)

    def recall_lost(self) -> None:
        """What the bar costs each class."""
        tables = {v: classes.recall_lost(found, "best") for v, found in self.pairs.items()}
        listed = pd.concat([table.assign(trained_on=v) for v, table in tables.items()]).round(4)
        self.summary.table(listed, f"{self.file}/recall_lost.json")
        words = "Per class, the share of its faces that is recognised uncovered, minus that recognised covered."
        figure = figures.recall_lost(tables, f"best checkpoint {self.said}")
        self.add(figure, "recall_lost", "What being covered costs whom", words)

    def confusion_change(self) -> None:
        """What is answered instead."""
        variant, found = next(iter(self.pairs.items()))
        change = classes.confusion_created(found, "best")
        names = found[0].predictions["best"].classes
        figure = figures.confusion_change(names, change, f"trained on {variant} {self.said}")
        words = "In points of the true class: orange answers become more frequent on covered faces, purple ones rarer."
        self.add(figure, "confusion_change", f"Confusion that the occluder creates, trained on {variant}", words)

    def reliability(self) -> None:
        """Confidence against accuracy, and the calibration errors as metrics."""
        sets = [t for t in TEST_SETS if all(t in f[0].predictions["best"].test_sets for f in self.compared.values())]
        found = {t: {v: classes.calibration(f, "best", t) for v, f in self.compared.items()} for t in sets}
        errors = {(v, t): r.error for t, by_variant in found.items() for v, r in by_variant.items()}
        self.summary.metrics({f"{self.file}_ece_{v}/{t}": round(error, 4) for (v, t), error in errors.items()})
        words = "Below the diagonal a network is surer than it is right. ECE: expected calibration error, 15 bins."
        figure = figures.reliability(found, f"best checkpoint {self.said}")
        self.add(figure, "reliability", "Can its confidence be trusted?", words)

    def histories(self) -> None:
        """The course of training."""
        found = [(t, tracking.history(self.place, t.run, WATCHED)) for t in self.trials]
        lines = [(t.variant, values, int(t.run.data.metrics.get("best_epoch", 0))) for t, values in found if values]
        if lines:
            figure = figures.histories(lines, WATCHED, self.said)
            self.add(figure, "histories", "Training", "Each run on its own validation faces, in its own variant.")

    def examples(self) -> None:
        """Faces that flip, of the first run of the first variant."""
        variant, found = next(iter(self.pairs.items()))
        try:
            chosen = examples.collect(self.place, found[0])
        except (UserError, OSError, ValueError) as error:
            log.warning("warning: no example faces: %s", error)
            return
        if not chosen:
            return
        words = "Right uncovered, wrong covered, the surest first, classes in turn. Beside each picture what speaks "
        words += "for the answer given there (Grad-CAM)."
        figure = figures.examples(*zip(*chosen, strict=True), title=found[0].run.info.run_name)
        self.add(figure, "examples", f"Faces that flip, trained on {variant}", words)
