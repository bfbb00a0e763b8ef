"""The runs of one -m command -> the matrix trained on x tested on, as a run of its own."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.table import Table

from fer_exp import figures, provenance
from fer_exp.config import ROOT
from fer_exp.config.schema import VARIANTS
from fer_exp.report import markdown, say_where, show
from fer_exp.statistics import spread
from fer_exp.tracking import Recorder, open_place, sweep_runs
from fer_exp.variants import TEST_SETS

if TYPE_CHECKING:
    from fer_exp.tracking import Run
    from fer_exp.training.schema import TrackingConfig

CHECKPOINTS = ("best", "last")
# these two make a matrix's rows and repeats; all else that differs makes another matrix
WITHIN = ("data", "seed")


def summarise(sweep_id: str, tracking: TrackingConfig) -> str | None:
    """Log and print the matrices of a sweep; returns the summary run's id, or None where no run finished.

    Runs that differ in more than variant and seed (model, learning rate, ...) go into matrices of their own.
    """
    place = open_place(tracking.uri, tracking.experiment)
    every = sweep_runs(place, sweep_id)
    runs = [run for run in every if run.info.status == "FINISHED"]
    if not runs:
        print("no run of this sweep finished: no matrix")
        return None
    groups = grouped(runs)
    synthetic = any(run.data.tags.get("synthetic") for run in runs)
    tags = {"kind": "summary", "sweep_id": sweep_id, "mlflow.runColor": "#555555"} | provenance.git(ROOT)
    name = f"matrix-{'-'.join(sorted({run.data.params['model'] for run in runs}))}"
    summary = Recorder.new(place, name, tags | ({"synthetic": "true"} if synthetic else {}))
    summary.parameters(common(runs))
    notes, rows = [], []
    unfinished = [run for run in every if run.info.status != "FINISHED"]
    if unfinished:
        notes.append(
            "**Partial**: not finished: " + ", ".join(f"{r.info.run_name} ({r.info.status})" for r in unfinished)
        )
    for title, members in groups.items():
        for checkpoint in CHECKPOINTS:
            table = cells(members, checkpoint)
            words = " ".join(filter(None, [title, f"{checkpoint} checkpoint", "(synthetic)" if synthetic else ""]))
            # no heading above: the page shows the first lines alone until it is asked for more
            notes.append(as_markdown(table, f"{words}: trained on \\ tested on"))
            say(table, words)
            rows.append(table.assign(matrix=title, checkpoint=checkpoint))
            file = "-".join(filter(None, ["matrix", title.replace("=", "_").replace(" ", "-"), checkpoint]))
            summary.figure(draw(table, words), f"{file}.png")
    summary.table(pd.concat(rows), "matrix.json")
    links = [f"- [{run.info.run_name}](#/experiments/{place.experiment_id}/runs/{run.info.run_id})" for run in runs]
    summary.tags({"mlflow.note.content": "\n\n".join([*notes, f"{KEY}\n\nRuns:", "\n".join(links)])})
    summary.end("FINISHED")
    say_where(summary)
    return summary.id


KEY = "Accuracy; of one run with its 95 % Wilson interval over faces, of several: mean ± standard deviation (runs)."


def grouped(runs: list[Run]) -> dict[str, list[Run]]:
    """Runs by what differs beside variant and seed: `model=a optimizer.learning_rate=0.1` -> runs."""
    params = [run.data.params for run in runs]
    keys = sorted(set().union(*params))
    differing = [k for k in keys if k.split(".")[0] not in WITHIN and len({p.get(k) for p in params}) > 1]
    chosen = [k for k in differing if "." not in k]
    # an option's own keys say nothing new beside its name
    differing = [k for k in differing if k in chosen or k.split(".")[0] not in chosen]
    groups = defaultdict(list)
    for run in runs:
        groups[" ".join(f"{key}={run.data.params.get(key)}" for key in differing)].append(run)
    return dict(groups)


def common(runs: list[Run]) -> dict[str, str]:
    """Parameters that all runs share."""
    first, *others = [run.data.params for run in runs]
    return {k: v for k, v in first.items() if all(p.get(k) == v for p in others)}


def cells(runs: list[Run], checkpoint: str) -> pd.DataFrame:
    """A row per cell: trained_on, tested_on, accuracy (mean), low, high (one run) or deviation, n (runs)."""
    rows = []
    for variant in VARIANTS:
        members = [run for run in runs if run.data.params["data"] == variant]
        for test_set in TEST_SETS:
            found = [run.data.metrics for run in members if f"{checkpoint}/{test_set}" in run.data.metrics]
            if not found:
                continue
            accuracy = spread([m[f"{checkpoint}/{test_set}"] for m in found])
            low, high = (found[0].get(f"{checkpoint}_ci_{end}/{test_set}", np.nan) for end in ("low", "high"))
            single = len(found) == 1
            rows.append(
                {
                    "trained_on": variant,
                    "tested_on": test_set,
                    "accuracy": round(accuracy.mean, 4),
                    "low": low if single else np.nan,
                    "high": high if single else np.nan,
                    "deviation": accuracy.deviation,
                    "n": accuracy.n,
                }
            )
    return pd.DataFrame(rows)


def note(cell: pd.Series) -> str:
    """The uncertainty of a cell, in words."""
    if cell.n == 1:
        return f"{cell.low:.3f}-{cell.high:.3f}"
    return f"± {cell.deviation:.3f} (n={cell.n})"


def _axes(table: pd.DataFrame) -> tuple[list[str], list[str], dict[tuple[str, str], pd.Series]]:
    cell = {(c.trained_on, c.tested_on): c for c in table.itertuples()}
    rows = [v for v in VARIANTS if v in set(table.trained_on)]
    return rows, [t for t in TEST_SETS if t in set(table.tested_on)], cell


def as_markdown(table: pd.DataFrame, corner: str) -> str:
    """The matrix as a markdown table, `corner` in its first cell."""
    rows, columns, cell = _axes(table)
    lines = [
        [f"**{row}**"]
        + [f"**{c.accuracy:.3f}** {note(c)}" if (c := cell.get((row, column))) else "" for column in columns]
        for row in rows
    ]
    return markdown([corner, *columns], lines)


def say(table: pd.DataFrame, title: str) -> None:
    """The matrix on the terminal."""
    rows, columns, cell = _axes(table)
    shown = Table(title=f"accuracy, {title}", title_justify="left")
    for name in ("trained \\ tested", *columns):
        shown.add_column(name, no_wrap=True)
    for row in rows:
        found = [cell.get((row, column)) for column in columns]
        shown.add_row(row, *[f"{c.accuracy:.3f} ({note(c)})" if c else "" for c in found])
    show(shown)


def draw(table: pd.DataFrame, title: str):
    """The matrix as a picture."""
    rows, columns, cell = _axes(table)
    values = np.full((len(rows), len(columns)), np.nan)
    notes = [[""] * len(columns) for _ in rows]
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            if found := cell.get((row, column)):
                values[r, c], notes[r][c] = found.accuracy, note(found)
    return figures.matrix(rows, columns, values, notes, f"accuracy, {title}")
