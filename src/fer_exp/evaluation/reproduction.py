"""A study's printed numbers beside ours."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from fer_exp.inputs.variants import TEST_SETS

if TYPE_CHECKING:
    from fer_exp.config.inputs import InputsConfig
    from fer_exp.config.published import PublishedConfig
    from fer_exp.evaluation.scores import Scores

log = logging.getLogger(__name__)
# words that change where a run happens or how often, not what it is
NOT_OF_THE_RECIPE = ("experiment", "data", "seed", "tests", "workers", "dataset.root", "dataset.landmarks", "tracking")


def printed_numbers(published: PublishedConfig, cfg: InputsConfig) -> dict[str, dict[str, float]]:
    """Return what a study printed for a run's training variant: checkpoint -> test set or other word -> number.

    Empty where no study printed any, and where the run has another model or dataset than the study.
    """
    if (published.model, published.dataset) != (cfg.model.name, cfg.dataset.name):
        return {}
    printed = published.results.get(cfg.data.name)
    if printed is None:
        return {}
    return {c: {word: n for word, n in numbers.items() if n is not None} for c, numbers in asdict(printed).items()}


def tags(published: PublishedConfig, cfg: InputsConfig, overrides: list[str]) -> dict[str, str]:
    """Return the printed numbers as `published/<checkpoint>/<word>`, and what the command line changed in a recipe."""
    if not published.results:
        return {}
    numbers_by_tag = {
        f"published/{c}/{word}": str(n)
        for c, numbers in printed_numbers(published, cfg).items()
        for word, n in numbers.items()
    }
    if not numbers_by_tag:
        theirs = f"model={published.model} dataset={published.dataset} data={'|'.join(published.results)}"
        ours = f"model={cfg.model.name} dataset={cfg.dataset.name} data={cfg.data.name}"
        log.warning("warning: the published numbers are for %s and are not compared with %s", theirs, ours)
    changed = [word for word in overrides if word.lstrip("+").split("=")[0].split(".")[0] not in NOT_OF_THE_RECIPE]
    changed = [word for word in changed if word.lstrip("+").split("=")[0] not in NOT_OF_THE_RECIPE]
    return numbers_by_tag | {"recipe.changed": " ".join(changed) or "(nothing)"}


def distances(results: dict[str, dict[str, Scores]], printed: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return our accuracy minus the printed one: `reproduction/<test set>` of best, `reproduction_last/...` of last."""
    names = {"best": "reproduction", "last": "reproduction_last"}
    return {
        f"{names[checkpoint]}/{test_set}": round(results[checkpoint][test_set].accuracy - numbers[test_set], 4)
        for checkpoint, numbers in printed.items()
        for test_set in TEST_SETS
        if test_set in numbers and test_set in results[checkpoint]
    }
