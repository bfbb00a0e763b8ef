"""Metrics of a user's own: a Python file with a function `score(labels, probabilities) -> float`."""

from __future__ import annotations

import logging
import re
import runpy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fer_exp.errors import ConfigError

log = logging.getLogger(__name__)

FUNCTION = "score"
TAKEN = (
    "balanced_accuracy",
    "macro_f1",
    "loss",
    "ci_low",
    "ci_high",
    "change",
    "ece",
    "ece_scaled",
    "temperature",
    "without_twins",
)


class OwnMetric(NamedTuple):
    """A metric by the name of its file.

    Attributes:
        name: of the file, without its ending; the run logs `best_<name>/<test set>`.
        code: the file's text, which the run keeps.
        score: labels (n,) int and probabilities (n, classes) float -> the metric.
    """

    name: str
    code: str
    score: Callable[[np.ndarray, np.ndarray], Any]

    def value(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """Return the metric; NaN, with a warning, where it fails: a run does not end for it."""
        try:
            return float(self.score(labels, probabilities))
        except Exception as error:  # whatever a user's code raises
            log.warning("warning: metric %s failed and is left out: %s: %s", self.name, type(error).__name__, error)
            return float("nan")


def load(files: Sequence[str]) -> list[OwnMetric]:
    """Return the metrics of files, in their order.

    Raises:
        ConfigError: there is no such file, it fails, it has no function `score`, or its name is taken.
    """
    metrics: list[OwnMetric] = []
    for text in files:
        file = Path(text).expanduser()
        if not file.is_file():
            raise ConfigError(f"metrics={text}: no such file; it is a Python file with a function {FUNCTION}")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", file.stem) or file.stem in {*TAKEN, *(m.name for m in metrics)}:
            raise ConfigError(
                f"metrics={text}: {file.stem} cannot be the name of a metric, or is one already; "
                "name the file by small letters, digits and _"
            )
        try:
            found = runpy.run_path(str(file)).get(FUNCTION)
        except Exception as error:  # whatever a user's code raises
            raise ConfigError(f"metrics={text}: {type(error).__name__}: {error}") from error
        if not callable(found):
            raise ConfigError(f"metrics={text}: has no function {FUNCTION}(labels, probabilities)")
        metrics.append(OwnMetric(file.stem, file.read_text(encoding="utf-8"), found))
    return metrics


def check(metrics: Sequence[OwnMetric], classes: int) -> None:
    """Try each metric on drawn predictions, so that a night's training does not end in its mistake.

    Raises:
        ConfigError: it fails, or returns no number.
    """
    draw = np.random.default_rng(0)
    labels = np.tile(np.arange(classes), 4)
    probabilities = draw.dirichlet(np.ones(classes), len(labels)).astype(np.float32)
    for metric in metrics:
        try:
            float(metric.score(labels, probabilities))
        except Exception as error:  # whatever a user's code raises
            raise ConfigError(
                f"metrics: {metric.name} failed on {len(labels)} drawn predictions of {classes} classes: "
                f"{type(error).__name__}: {error}"
            ) from error
