"""A study's printed numbers beside ours."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from fer_exp.inputs.variants import TEST_SETS

if TYPE_CHECKING:
    from fer_exp.config.train import TrainConfig
    from fer_exp.evaluation.scores import Scores

log = logging.getLogger(__name__)
# words that change where a run happens or how often, not what it is
NO_CHANGE = ("experiment", "data", "seed", "tests", "workers", "dataset.root", "dataset.landmarks", "tracking")


def published(cfg: TrainConfig) -> dict[str, dict[str, float]]:
    """What the study printed for this run's training variant: checkpoint -> test set or other word -> number.

    Empty where no study did, and where the run has another model or dataset than the study.
    """
    asked = (cfg.published.model, cfg.published.dataset)
    if asked != (cfg.model.name, cfg.dataset.name):
        return {}
    printed = cfg.published.results.get(cfg.data.name)
    if printed is None:
        return {}
    return {c: {word: n for word, n in numbers.items() if n is not None} for c, numbers in asdict(printed).items()}


def tags(cfg: TrainConfig, overrides: list[str]) -> dict[str, str]:
    """The printed numbers as `published/<checkpoint>/<word>`, and what the command line changed in the recipe."""
    if not cfg.published.results:
        return {}
    found = {f"published/{c}/{word}": str(n) for c, numbers in published(cfg).items() for word, n in numbers.items()}
    if not found:
        theirs = f"model={cfg.published.model} dataset={cfg.published.dataset} data={'|'.join(cfg.published.results)}"
        ours = f"model={cfg.model.name} dataset={cfg.dataset.name} data={cfg.data.name}"
        log.warning("warning: the published numbers are of %s, not compared with %s", theirs, ours)
    changed = [word for word in overrides if word.lstrip("+").split("=")[0].split(".")[0] not in NO_CHANGE]
    changed = [word for word in changed if word.lstrip("+").split("=")[0] not in NO_CHANGE]
    return found | {"recipe.changed": " ".join(changed) or "(nothing)"}


def distances(results: dict[str, dict[str, Scores]], published: dict[str, dict[str, float]]) -> dict[str, float]:
    """Our accuracy minus the printed one: `reproduction/<test set>` of best, `reproduction_last/<test set>` of last."""
    names = {"best": "reproduction", "last": "reproduction_last"}
    return {
        f"{names[checkpoint]}/{test_set}": round(results[checkpoint][test_set].accuracy - numbers[test_set], 4)
        for checkpoint, numbers in published.items()
        for test_set in TEST_SETS
        if test_set in numbers and test_set in results[checkpoint]
    }
