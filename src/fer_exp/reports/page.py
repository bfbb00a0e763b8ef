"""The answer as one self-contained HTML file."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
import pandas as pd

from fer_exp.config.data import VARIANTS
from fer_exp.evaluation.matrix import versus
from fer_exp.evaluation.results import Trial
from fer_exp.inputs.variants import in_order
from fer_exp.reports import matrix

if TYPE_CHECKING:
    from fer_exp.evaluation.statistics import Difference
    from fer_exp.reports.figures import Figure

NAMES = {"normal": "uncovered faces", "occluded": "covered faces", "mixed": "both", "mixed_unique": "both, in turn"}


def render(**content: Any) -> str:
    """The page; every value is escaped."""
    environment = jinja2.Environment(loader=jinja2.PackageLoader("fer_exp.reports", "."), autoescape=True)
    return environment.get_template("page.html").render(key=matrix.KEY, **content)


def picture(figure: Figure, heading: str, words: str) -> dict[str, str]:
    """A figure for the template."""
    file = BytesIO()
    figure.savefig(file, format="png")
    return {"heading": heading, "words": words, "png": base64.b64encode(file.getvalue()).decode()}


def cells(table: pd.DataFrame, checkpoint: str) -> dict[str, Any]:
    """A matrix for the template."""
    cell = {(c.trained_on, c.tested_on): c for c in table.itertuples()}
    columns = in_order(table.tested_on)
    rows = []
    for variant in dict.fromkeys(table.trained_on):
        found = [cell.get((variant, column)) for column in columns]
        rows.append({"name": variant, "cells": [_cell(c) for c in found]})
    return {"checkpoint": checkpoint, "columns": columns, "rows": rows}


def _cell(c: Any) -> dict[str, Any]:
    if c is None:
        return {"accuracy": "", "note": ""}
    against = "" if np.isnan(c.p) else f"{c.below_best:+.3f} against the best, p {_p(c.p)}"
    note = matrix.note(c)
    printed = "" if np.isnan(c.published) else f"published {c.published:.3f}, ours {c.accuracy - c.published:+.3f}"
    shown = {"accuracy": f"{c.accuracy:.3f}", "note": note, "against": against, "published": printed}
    return shown | {"best": c.below_best == 0}


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def answer(trials: list[Trial], table: pd.DataFrame, checkpoint: str = "best") -> list[str]:
    """The question's answer in sentences: what the bar costs, and what each way of training changes, with intervals."""
    accuracy = {(c.trained_on, c.tested_on): c.accuracy for c in table.itertuples()}
    plain, hidden = accuracy.get(("normal", "normal")), accuracy.get(("normal", "occluded"))
    if plain is None or hidden is None:
        return ["No run was trained on uncovered faces and tested on both: the loss has nothing to be measured from."]
    members = {v: [t for t in trials if t.variant == v] for v in VARIANTS}
    loss = versus(members["normal"], members["normal"], checkpoint, ("normal", "occluded"))
    said = [
        f"Trained on uncovered faces, the network recognises {plain:.1%} of them; covered "
        f"({worn(trials)}) {hidden:.1%}: being covered costs {_points(plain - hidden, loss, sign='')}."
    ]
    for variant in VARIANTS[1:]:
        won, kept = accuracy.get((variant, "occluded")), accuracy.get((variant, "normal"))
        if won is None or kept is None:
            continue
        gain, change = (versus(members[variant], members["normal"], checkpoint, (t, t)) for t in ("occluded", "normal"))
        sure = loss is not None and loss.interval.low > 0 and gain is not None and gain.interval.low > 0
        share = f", {gain.value / loss.value:.0%} of what was lost" if sure else ""
        said.append(
            f"Training on {NAMES[variant]} ({variant}) instead changes the recognition of covered faces by "
            f"{_points(won - hidden, gain)}{share}, and that of uncovered ones by {_points(kept - plain, change)}."
        )
    return said


def worn(trials: list[Trial]) -> str:
    """The occluder of these runs."""
    return ", ".join(sorted({t.run.data.params.get("occlusion", "occluder") for t in trials}))


def _points(value: float, found: Difference | None, sign: str = "+") -> str:
    """A difference in percentage points with its interval, where there is one."""
    shown = f"{100 * value:{sign}.1f} points"
    if found is None:
        return shown
    return f"{shown} (95 %: {100 * found.interval.low:{sign}.1f} to {100 * found.interval.high:{sign}.1f})"


def overview(groups: dict[str, tuple[list[Trial], pd.DataFrame, pd.DataFrame]]) -> dict[str, Any]:
    """Several matrices side by side for the template: size and time of each beside its accuracy.

    Args:
        groups: title -> its trials, and the cells of their best and last checkpoints.
    """
    columns = ["", "parameters", "seconds", "epochs run", "best epoch", "trained on", "tested on", "best", "last"]
    rows = []
    for title, (trials, best, last) in groups.items():
        variant = best.trained_on.iloc[0]
        metrics = pd.DataFrame([t.run.data.metrics for t in trials if t.variant == variant])
        mean = lambda key: metrics[key].mean() if key in metrics else np.nan  # noqa: B023, E731
        cost = [f"{mean('parameters'):,.0f}", f"{mean('train_seconds'):.0f}", f"{mean('epochs_run'):.1f}"]
        first = best[best.trained_on == variant]
        for row, other in zip(first.itertuples(), last.loc[first.index].itertuples(), strict=True):
            accuracies = [f"{c.accuracy:.3f} {matrix.note(c)}" for c in (row, other)]
            rows.append([title, *cost, f"{mean('best_epoch'):.1f}", row.trained_on, row.tested_on, *accuracies])
    return {"columns": columns, "rows": rows}


def runs(trials: list[Trial]) -> dict[str, Any]:
    """The runs for the template: where they stand, what they cost."""
    columns = ["run", "trained on", "seed", "best / last epoch", "parameters", "seconds", "commit", "id"]
    rows = []
    for trial in trials:
        m, t = trial.run.data.metrics, trial.run.data.tags
        epochs = f"{m.get('best_epoch', 0):.0f} / {m.get('epochs_run', 0):.0f}"
        commit = t.get("mlflow.source.git.commit", "")[:8] + (
            " (changed since)" if t.get("git.dirty") == "true" else ""
        )
        row = [trial.run.info.run_name, trial.variant, trial.run.data.params.get("seed", "")]
        row += [epochs, f"{m.get('parameters', 0):,.0f}", f"{m.get('train_seconds', 0):.0f}", commit]
        rows.append([*row, trial.run.info.run_id])
    return {"columns": columns, "rows": rows}
