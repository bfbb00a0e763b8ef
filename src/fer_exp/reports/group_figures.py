"""The figures of runs that share a matrix, for the summary run and the answer page."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_exp import tracking
from fer_exp.errors import UserError
from fer_exp.evaluation import examples, per_class, severity, win_back
from fer_exp.evaluation.results import RunResult, matrix_rows
from fer_exp.inputs.variants import TEST_SETS
from fer_exp.reports import figures, page

if TYPE_CHECKING:
    from fer_exp.evaluation.predictions import Predictions
    from fer_exp.reports.figures import Figure
    from fer_exp.tracking import Recorder, TrackingStore

log = logging.getLogger(__name__)
HISTORY_METRIC = "val_balanced_accuracy"


def log_figure(run: Recorder, figure: Figure, path: str) -> bytes:
    """Log a figure as PNG and as PDF (`path` has no ending); return the PNG."""
    png = BytesIO()
    figure.savefig(png, format="png")
    run.log_bytes(png.getvalue(), f"{path}.png")
    run.log_figure(figure, f"{path}.pdf")
    return png.getvalue()


def describe_recall_lost(tables: Mapping[str, pd.DataFrame], seeds: int) -> str:
    """Say what the 95 % intervals of the recall lost are over, and which classes have none."""
    over = "faces and seeds" if seeds > 1 else "faces only: one seed says nothing of other trainings"
    sentences = [f"Intervals are over {over}."]
    classes = pd.concat(tables.values()).query("unknown != ''").drop_duplicates("class")
    if len(classes):
        names = ", ".join(f"{row[1]} ({row.unknown})" for row in classes.itertuples())
        sentences.append(f"No interval: {names}.")
    return " ".join(sentences)


def _best(results: list[RunResult]) -> Predictions:
    return results[0].predictions["best"]


class GroupFigures:
    """The figures of runs that share a matrix: they go into the summary run as PNG and PDF, and onto the page."""

    def __init__(
        self, store: TrackingStore, summary: Recorder, title: str, results: list[RunResult], file: str, mark: str
    ) -> None:
        self.store, self.summary, self.results, self.file = store, summary, results, file
        self.subtitle = f"{title}{mark}".strip()
        self.content: list[dict[str, str]] = []
        # by training variant: results with predictions, and those of them that have both forms of each face
        by_variant = {v: [r for r in results if r.variant == v and r.predictions] for v in matrix_rows(results)}
        self.compared = {v: runs for v, runs in by_variant.items() if runs}
        self.paired = {v: runs for v, runs in self.compared.items() if "occluded" in _best(runs).probabilities}

    def draw_all(self, won: win_back.Answer | None) -> list[dict[str, str]]:
        """Draw and log every figure that the runs allow; return them as the page takes them.

        `won` is what fer_exp.evaluation.win_back finds of them.
        """
        self.draw_win_back(won)
        self.draw_severity()
        if self.paired:
            self.draw_recall_lost()
            self.draw_confusion_change()
        if self.compared:
            self.draw_reliability()
        self.draw_histories()
        if self.paired:
            self.draw_examples()
        return self.content

    def draw_win_back(self, won: win_back.Answer | None) -> None:
        """Draw what rows with a fill or a method win back, beside what their training costs."""
        if won and all(np.isfinite(arm.seconds) for arm in won.won_back):
            figure = figures.won_back(won, self.subtitle)
            words = "CPU seconds of training, a teacher's included; what frozen layers make of faces is not counted."
            self.add(figure, "won-back", "What is won back, and what it costs", words)

    def add(self, figure: Figure, name: str, heading: str, words: str) -> None:
        """Log one figure and put it onto the page."""
        self.content.append(page.picture(log_figure(self.summary, figure, f"{self.file}/{name}"), heading, words))

    def draw_severity(self) -> None:
        """Draw accuracy by the share that is covered, where there is more than the bar itself."""
        shares = severity.accuracy_by_share(self.results, "best")
        if shares["tested_on"].nunique() > 2:
            self.summary.log_table(shares.round(4), f"{self.file}/severity.json")
            words = "Mean over the test faces of the share of the face (hull of its landmarks) under the occluder."
            figure = figures.severity(shares, f"best checkpoint {self.subtitle}")
            self.add(figure, "severity", "Accuracy against the covered share of the face", words)

    def draw_recall_lost(self) -> None:
        """Draw what the bar costs each class."""
        tables = per_class.recall_lost(self.results, "best")
        rows = pd.concat([table.assign(trained_on=variant) for variant, table in tables.items()]).round(4)
        self.summary.log_table(rows, f"{self.file}/recall_lost.json")
        words = "Per class, the share of its faces that is recognised uncovered, minus that recognised covered. "
        words += describe_recall_lost(tables, max(len(results) for results in self.paired.values()))
        figure = figures.recall_lost(tables, f"best checkpoint {self.subtitle}")
        self.add(figure, "recall_lost", "What being covered costs whom", words)

    def draw_confusion_change(self) -> None:
        """Draw what the network answers instead when faces are covered."""
        variant, results = next(iter(self.paired.items()))
        change = per_class.confusion_change(results, "best")
        classes = _best(results).classes
        figure = figures.confusion_change(classes, change, f"trained on {variant} {self.subtitle}")
        words = "In points of the true class: orange answers become more frequent on covered faces, purple ones rarer."
        self.add(figure, "confusion_change", f"Confusion that the occluder creates, trained on {variant}", words)

    def draw_reliability(self) -> None:
        """Draw confidence against accuracy, and log the calibration errors as metrics."""
        sets = [t for t in TEST_SETS if all(t in _best(runs).test_sets for runs in self.compared.values())]
        reliability = {t: {v: per_class.calibration(r, "best", t) for v, r in self.compared.items()} for t in sets}
        errors = {f"{v}/{t}": r.error for t, by_variant in reliability.items() for v, r in by_variant.items()}
        self.summary.log_metrics({f"{self.file}_ece_{name}": round(error, 4) for name, error in errors.items()})
        words = "Below the diagonal a network is surer than it is right. ECE: expected calibration error, 15 bins."
        scaled = {
            f"{v}/{t}": error
            for t in sets
            for v, runs in self.compared.items()
            if (error := per_class.scaled_error(runs, "best", t)) is not None
        }
        if scaled:
            self.summary.log_metrics({f"{self.file}_ece_scaled_{name}": round(e, 4) for name, e in scaled.items()})
            words += (
                " With a temperature fitted on the validation faces, which changes no answer, the ECE of trained on / "
            )
            words += f"tested on becomes {', '.join(f'{name} {error:.3f}' for name, error in scaled.items())}."
        figure = figures.reliability(reliability, f"best checkpoint {self.subtitle}")
        self.add(figure, "reliability", "Can its confidence be trusted?", words)

    def draw_histories(self) -> None:
        """Draw the course of training."""
        lines = []
        for result in self.results:
            if values := tracking.history(self.store, result.run, HISTORY_METRIC):
                lines.append((result.variant, values, int(result.run.data.metrics.get("best_epoch", 0))))
        if lines:
            figure = figures.histories(lines, HISTORY_METRIC, self.subtitle)
            self.add(figure, "histories", "Training", "Each run on its own validation faces, in its own variant.")

    def draw_examples(self) -> None:
        """Draw faces that are no longer recognised when covered, of the first run of the first variant."""
        variant, results = next(iter(self.paired.items()))
        try:
            faces = examples.collect(self.store, results[0])
        except (UserError, OSError, ValueError) as error:
            log.warning("warning: there are no example faces: %s", error)
            return
        if not faces:
            return
        words = "Right uncovered, wrong covered, the surest first, classes in turn. Beside each picture what speaks "
        words += "for the answer given there (Grad-CAM)."
        pictures, heats, headings = zip(*faces, strict=True)
        figure = figures.examples(pictures, heats, headings, results[0].run.info.run_name)
        self.add(figure, "examples", f"Faces that flip, trained on {variant}", words)
