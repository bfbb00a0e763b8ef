"""A study's printed numbers beside ours."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from fer_exp.config.inputs import MACHINE
from fer_exp.inputs.variants import TEST_SETS

if TYPE_CHECKING:
    from fer_exp.config.inputs import InputsConfig
    from fer_exp.config.published import PublishedConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.evaluation.scores import Scores

log = logging.getLogger(__name__)
# words that change where a run happens or how often, not what it is
NOT_OF_THE_RECIPE = ("experiment", "data", "seed", "tests", "dataset.root", "dataset.landmarks", "tracking", *MACHINE)


SLACK = 0.005  # share of the faces by which copies of a dataset differ: files that cannot be read, counts misprinted


def why_not_compared(published: PublishedConfig, cfg: InputsConfig, faces: Faces) -> str:
    """Return why a run's numbers are not those that a study printed; nothing where they can be compared."""
    if (published.model, published.dataset) != (cfg.model.name, cfg.dataset.name) or (
        cfg.data.name not in published.results
    ):
        theirs = f"model={published.model} dataset={published.dataset} data={'|'.join(published.results)}"
        ours = f"model={cfg.model.name} dataset={cfg.dataset.name} data={cfg.data.name}"
        return f"the published numbers are for {theirs} and are not compared with {ours}"
    for part, theirs_n in (("train", published.training_faces), ("test", published.test_faces)):
        ours_n = len(faces.rows(part))
        if theirs_n is not None and abs(ours_n - theirs_n) > SLACK * theirs_n:
            what = {"train": "training", "test": "test"}[part]
            return f"the published numbers are of {theirs_n} {what} faces and are not compared with {ours_n}"
    return ""


def printed_numbers(published: PublishedConfig, cfg: InputsConfig, faces: Faces) -> dict[str, dict[str, float]]:
    """Return what a study printed for a run's training variant: checkpoint -> test set or other word -> number.

    Empty where no study printed any, and where the run's network, dataset or number of faces is not the study's.
    """
    if not published.results or why_not_compared(published, cfg, faces):
        return {}
    printed = asdict(published.results[cfg.data.name])
    return {c: {word: n for word, n in numbers.items() if n is not None} for c, numbers in printed.items()}


def tags(published: PublishedConfig, cfg: InputsConfig, faces: Faces, overrides: list[str]) -> dict[str, str]:
    """Return the tags of a run of a study.

    `published/<checkpoint>/<word>` has a printed number, or `reproduction.omitted` says why there is none;
    `recipe.changed` what the command line changed in the recipe; `recipe.deviations` in what ours differs from theirs.
    """
    if not published.results:
        return {}
    found = {
        f"published/{c}/{word}": str(n)
        for c, numbers in printed_numbers(published, cfg, faces).items()
        for word, n in numbers.items()
    }
    if reason := why_not_compared(published, cfg, faces):
        log.warning("warning: %s", reason)
        found["reproduction.omitted"] = reason
    if published.deviations:
        found["recipe.deviations"] = "; ".join(published.deviations)
    changed = [word for word in overrides if word.lstrip("+").split("=")[0].split(".")[0] not in NOT_OF_THE_RECIPE]
    changed = [word for word in changed if word.lstrip("+").split("=")[0] not in NOT_OF_THE_RECIPE]
    return found | {"recipe.changed": " ".join(changed) or "(nothing)"}


def distances(results: dict[str, dict[str, Scores]], printed: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return our accuracy minus the printed one: `reproduction/<test set>` of best, `reproduction_last/...` of last."""
    names = {"best": "reproduction", "last": "reproduction_last"}
    return {
        f"{names[checkpoint]}/{test_set}": round(results[checkpoint][test_set].accuracy - numbers[test_set], 4)
        for checkpoint, numbers in printed.items()
        for test_set in TEST_SETS
        if test_set in numbers and test_set in results[checkpoint]
    }
