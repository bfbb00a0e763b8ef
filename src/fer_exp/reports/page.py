"""The answer page: one self-contained HTML file."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
import pandas as pd

from fer_exp.config.data import VARIANTS
from fer_exp.evaluation import win_back
from fer_exp.evaluation.intervals import ratio_interval
from fer_exp.evaluation.matrix import UnlikeSeeds, crossed_means
from fer_exp.evaluation.results import RunResult
from fer_exp.evaluation.seeds import FEW_SEEDS
from fer_exp.inputs.variants import order_test_sets
from fer_exp.reports import matrix

if TYPE_CHECKING:
    from fer_exp.evaluation.estimates import Estimate
    from fer_exp.evaluation.intervals import Contrast, CrossedMeans

NAMES = {"normal": "uncovered faces", "occluded": "covered faces", "mixed": "both", "mixed_unique": "both, in turn"}


def render(**content: object) -> str:
    """Render the page; every value is escaped."""
    environment = jinja2.Environment(loader=jinja2.PackageLoader("fer_exp.reports", "."), autoescape=True)
    return environment.get_template("page.html").render(key=matrix.KEY, **content)


def picture(png: bytes, heading: str, words: str) -> dict[str, str]:
    """Return a picture as the template takes it."""
    return {"heading": heading, "words": words, "png": base64.b64encode(png).decode()}


def cells(table: pd.DataFrame, checkpoint: str) -> dict[str, Any]:
    """Return a matrix as the template takes it."""
    by_position = {(cell.trained_on, cell.tested_on): cell for cell in table.itertuples()}
    columns = order_test_sets(table.tested_on)
    rows = [
        {"name": variant, "cells": [_cell(by_position.get((variant, column))) for column in columns]}
        for variant in dict.fromkeys(table.trained_on)
    ]
    return {"checkpoint": checkpoint, "columns": columns, "rows": rows}


def _cell(cell: pd.Series | None) -> dict[str, Any]:
    if cell is None:
        return {"accuracy": "", "note": ""}
    against = f"{cell.below_best:+.3f} against the best" if cell.below_best < 0 else ""
    against += "" if np.isnan(cell.p) else f"{', ' if against else ''}p {_p_value(cell.p)}"
    difference = f"{cell.accuracy - cell.published:+.3f}"
    published = "" if np.isnan(cell.published) else f"published {cell.published:.3f}, ours {difference}"
    words = {"accuracy": f"{cell.accuracy:.3f}", "note": matrix.uncertainty(cell), "against": against}
    twins = "" if np.isnan(cell.without_twins) else f"{cell.without_twins:.3f} without {cell.twins:.0f} twins"
    return words | {"published": published, "twins": twins, "best": cell.below_best == 0}


def _p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def pairs(table: pd.DataFrame, checkpoint: str, unlike: list[UnlikeSeeds]) -> dict[str, Any]:
    """Return the differences of all pairs of rows, and where their seeds vary unlike, as the template takes them."""
    rows = []
    for pair in table.itertuples():
        interval = f"{pair.low:+.3f} to {pair.high:+.3f}" if np.isfinite(pair.low) else "not known"
        p = "one seed: not known" if np.isnan(pair.p) else f"p {_p_value(pair.p)}"
        networks = "" if np.isnan(pair.p_networks) else f"p {_p_value(pair.p_networks)}"
        rows.append([pair.tested_on, f"{pair.a} - {pair.b}", f"{pair.difference:+.3f}", interval, p, networks])
    over = "faces and seeds" if table["p"].notna().any() else "faces only"
    columns = ["tested on", "difference of", "accuracy", f"95 % interval ({over})"]
    columns += [
        "over faces and seeds, corrected",
        "of these two networks alone (McNemar; t over people where they are known)",
    ]
    shown = len(columns) if table["p_networks"].notna().any() else len(columns) - 1
    said = [describe_unlike_seeds(column) for column in unlike]
    shown_rows = [row[:shown] for row in rows]
    return {"checkpoint": checkpoint, "columns": columns[:shown], "rows": shown_rows, "unlike_seeds": said}


def describe_unlike_seeds(column: UnlikeSeeds) -> str:
    """Say how far the seeds of the rows vary on a test set where they vary unlike, and whose interval suffers."""
    deviations = ", ".join(f"{row} {100 * deviation:.1f}" for row, deviation in column.deviations.items())
    said = f"On {column.test_set} the seeds of the rows vary unlike (standard deviations in points: {deviations})"
    if not column.pooled:
        return f"{said}: intervals and p values there take the seeds of their own rows alone."
    quiet = [row for row in column.deviations if row not in column.loud]
    return (
        f"{said}, but fewer than {FEW_SEEDS} seeds say too little of a row alone: intervals take all rows together, "
        f"which makes those of {', '.join(column.loud)} too narrow and those of {', '.join(quiet)} too wide."
    )


def answer(
    results: list[RunResult], table: pd.DataFrame, won: win_back.Answer | None = None, checkpoint: str = "best"
) -> list[str]:
    """Answer the question in sentences: what the bar costs, and what each way of training changes, with intervals.

    `won` is what fer_exp.evaluation.win_back finds; it comes first.
    """
    accuracy = {(cell.trained_on, cell.tested_on): cell.accuracy for cell in table.itertuples()}
    uncovered, covered = accuracy.get(("normal", "normal")), accuracy.get(("normal", "occluded"))
    if uncovered is None or covered is None:
        return ["No run was trained on uncovered faces and tested on both: the loss has nothing to be measured from."]
    means = crossed_means(results, checkpoint, ("normal", "occluded"))
    lost = {("normal", "normal"): 1.0, ("normal", "occluded"): -1.0}
    # what is gained is not called a cost
    sign, verb = (1, "costs") if uncovered >= covered else (-1, "gains")
    change = _points(sign * (uncovered - covered), _estimate(means, {cell: sign * w for cell, w in lost.items()}), "")
    sentences = [describe_win_back(won, occluder_names(results))] if won else []
    sentences += [
        f"Trained on uncovered faces, the network recognises {uncovered:.1%} of them; covered "
        f"({occluder_names(results)}) {covered:.1%}: being covered {verb} {change}."
    ]
    for variant in VARIANTS[1:]:
        new_covered, new_uncovered = accuracy.get((variant, "occluded")), accuracy.get((variant, "normal"))
        if new_covered is None or new_uncovered is None:
            continue
        gained, kept = ({(variant, t): 1.0, ("normal", t): -1.0} for t in ("occluded", "normal"))
        sentences.append(
            f"Training on {NAMES[variant]} ({variant}) instead changes the recognition of covered faces by "
            f"{_points(new_covered - covered, _estimate(means, gained))}{_share(means, gained, lost)}, and that of "
            f"uncovered ones by {_points(new_uncovered - uncovered, _estimate(means, kept))}."
        )
    return sentences


def describe_win_back(answer: win_back.Answer, occluder: str) -> str:
    """Say what the occluder costs, what each row wins back, and what uncovered faces lose or win by it."""

    def words(change: win_back.Change, sign: str) -> str:
        low, high = change.interval
        interval = "" if np.isnan(low) else f" ({100 * low:{sign}.1f} to {100 * high:{sign}.1f})"
        return f"{100 * change.value:{sign}.1f}{interval}"

    won = ", ".join(f"{arm.row} wins back {words(arm.covered, '')}" for arm in answer.won_back)
    kept = ", ".join(f"{words(arm.uncovered, '+')} ({arm.row})" for arm in answer.won_back)
    count = len(answer.won_back)
    corrected = f", corrected for {count} rows" if count > 1 else ""
    return (
        f"The occluder ({occluder}) costs {words(answer.lost, '')} points; {won}; uncovered faces change by {kept}. "
        f"All against the network that learned from uncovered faces, in points, with 95 % intervals{corrected}."
    )


def _estimate(means: CrossedMeans | None, contrast: Contrast) -> Estimate | None:
    """Return the estimate of a contrast, None where a cell has no predictions."""
    return means.estimate(contrast) if means and {*contrast} <= {*means.cells} else None


def _share(means: CrossedMeans | None, gained: Contrast, lost: Contrast) -> str:
    """Say what share of the loss is won back, with its interval, where there is a gain and a loss."""
    gain, loss = _estimate(means, gained), _estimate(means, lost)
    if means is None or gain is None or loss is None or gain.value <= 0 or loss.value <= 0:
        return ""
    low, high = ratio_interval(means, gained, lost)
    if np.isnan(low):
        return " (what share of the loss this is cannot be determined)"
    over = "" if gain.over_seeds else " over faces only"
    return f", {gain.value / loss.value:.0%} of what was lost (95 %{over}: {low:.0%} to {high:.0%})"


def occluder_names(results: list[RunResult]) -> str:
    """Return the names of the occluders of these runs."""
    return ", ".join(sorted({result.run.data.params.get("occlusion", "occluder") for result in results}))


def _points(value: float, estimate: Estimate | None, sign: str = "+") -> str:
    """Return a difference in percentage points, with its interval where there is one."""
    points = f"{100 * value:{sign}.1f} points"
    if estimate is None or np.isnan(estimate.interval.low):
        return points
    low, high = estimate.interval
    over = "" if estimate.over_seeds else " over faces only"
    return f"{points} (95 %{over}: {100 * low:{sign}.1f} to {100 * high:{sign}.1f})"


def overview(groups: dict[str, tuple[list[RunResult], pd.DataFrame, pd.DataFrame]]) -> dict[str, Any]:
    """Return several matrices side by side as the template takes them: size and time of each beside its accuracy.

    Args:
        groups: title -> its results, and the cells of their best and last checkpoints.
    """
    columns = ["", "parameters", "seconds", "epochs run", "best epoch", "trained on", "tested on", "best", "last"]
    rows = []
    for title, (results, best, last) in groups.items():
        variant = best.trained_on.iloc[0]
        metrics = pd.DataFrame([result.run.data.metrics for result in results if result.variant == variant])
        means = metrics.mean().reindex(["parameters", "train_seconds", "epochs_run", "best_epoch"])
        costs = [format(mean, spec) for mean, spec in zip(means, (",.0f", ".0f", ".1f", ".1f"), strict=True)]
        first = best[best.trained_on == variant]
        for of_best, of_last in zip(first.itertuples(), last.loc[first.index].itertuples(), strict=True):
            accuracies = [f"{cell.accuracy:.3f} {matrix.uncertainty(cell)}" for cell in (of_best, of_last)]
            rows.append([title, *costs, of_best.trained_on, of_best.tested_on, *accuracies])
    return {"columns": columns, "rows": rows}


def runs(results: list[RunResult]) -> dict[str, Any]:
    """Return the runs as the template takes them: where to find them and what they cost."""
    columns = ["run", "trained on", "seed", "best / last epoch", "parameters", "seconds", "commit", "id"]
    rows = []
    for result in results:
        metrics, tags = result.run.data.metrics, result.run.data.tags
        epochs = f"{metrics.get('best_epoch', 0):.0f} / {metrics.get('epochs_run', 0):.0f}"
        changed = " (changed since)" if tags.get("git.dirty") == "true" else ""
        commit = tags.get("mlflow.source.git.commit", "")[:8] + changed
        row = [result.run.info.run_name, result.variant, result.seed]
        row += [epochs, f"{metrics.get('parameters', 0):,.0f}", f"{metrics.get('train_seconds', 0):.0f}", commit]
        rows.append([*row, result.run.info.run_id])
    return {"columns": columns, "rows": rows}
