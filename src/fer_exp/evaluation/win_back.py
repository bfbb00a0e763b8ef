"""What the occluder costs, what each way of training wins back of it, and what that costs uncovered faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fer_exp.evaluation.matrix import crossed_means
from fer_exp.evaluation.results import RunResult
from fer_exp.evaluation.statistics import Interval

BASELINE = "normal"  # the row that everything is measured against
# rows of experiment=win_back by the names of its arms
ARMS = {"mixed": "mixed", "mixed inpaint": "fill", "mixed inpaint distill": "fill_distill"}


class Change(NamedTuple):
    """A difference of accuracies, 0..1, and its interval: 95 % for all that are told together."""

    value: float
    interval: Interval


class WonBack(NamedTuple):
    """What one row wins back: the change on covered and on uncovered faces against the normal-trained row.

    `seconds` is the CPU time of its training, its teacher's included; NaN where it is not known.
    """

    row: str
    covered: Change
    uncovered: Change
    seconds: float

    @property
    def arm(self) -> str:
        """Return its name in metrics."""
        return ARMS.get(self.row, self.row.replace(" ", "_"))


class Answer(NamedTuple):
    """The cost of the occluder for the normal-trained row, and what the other rows win back."""

    lost: Change
    won_back: list[WonBack]


def find(results: list[RunResult], checkpoint: str = "best") -> Answer | None:
    """Return the answer of a matrix; None unless a row has a fill or a method beside normal, uncovered and covered."""
    marks = {word for result in results for word in result.mark.split() if not word.endswith("px")}
    means = crossed_means(results, checkpoint, ("normal", "occluded")) if marks else None
    if means is None or BASELINE not in means.seeds:
        return None
    rows = [row for row in means.seeds if row != BASELINE]
    level = 1 - 0.05 / max(1, len(rows))  # Bonferroni: one arm more weakens what is said of all
    base = {test_set: (BASELINE, test_set) for test_set in ("normal", "occluded")}
    lost = means.estimate({base["normal"]: 1.0, base["occluded"]: -1.0})
    seconds = _training_seconds(results)

    def change(row: str, test_set: str) -> Change:
        estimate = means.estimate({(row, test_set): 1.0, base[test_set]: -1.0})
        return Change(estimate.value, estimate.interval_of(level))

    won_back = [WonBack(row, change(row, "occluded"), change(row, "normal"), seconds[row]) for row in rows]
    return Answer(Change(lost.value, lost.interval), won_back)


def metrics(answer: Answer) -> dict[str, float]:
    """Return the answer as metrics of the summary run, in points: lost, won_back/ARM, uncovered_change/ARM."""
    found = {"lost": answer.lost.value}
    for arm in answer.won_back:
        found[f"won_back/{arm.arm}"] = arm.covered.value
        found[f"won_back_ci_low/{arm.arm}"], found[f"won_back_ci_high/{arm.arm}"] = arm.covered.interval
        found[f"uncovered_change/{arm.arm}"] = arm.uncovered.value
    return {name: round(100 * value, 2) for name, value in found.items() if np.isfinite(value)}


def _training_seconds(results: list[RunResult]) -> Mapping[str, float]:
    """Return the mean CPU seconds of training of each row, with those of the teachers that are among the runs."""
    own = {r.run.info.run_id: r.run.data.metrics.get("train_cpu_seconds", np.nan) for r in results}
    found: dict[str, list[float]] = {}
    for result in results:
        teacher = result.run.data.tags.get("method.teacher")
        seconds = own[result.run.info.run_id] + (own.get(teacher, np.nan) if teacher else 0.0)
        found.setdefault(result.variant, []).append(seconds)
    return {row: float(np.mean(values)) for row, values in found.items()}
