"""Runs that did, or began, what another one is about to do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fer_exp.tracking import Unanswered, is_behind, training_runs
from fer_exp.training.state import SUFFIX

if TYPE_CHECKING:
    from fer_exp.tracking import Place, Run

log = logging.getLogger(__name__)

# tags that make two runs the same
IDENTITY = ("config.hash", "code.hash", "dataset.fingerprint", "split.hash", "model.weights.sha256")
IDENTITY += ("version.keras", "version.tensorflow")


def known(place: Place, about: dict[str, str]) -> Run | None:
    """The latest run of the same kind that is finished; else the latest that was interrupted and can go on, here.

    None where there is none, or the tracking server does not answer.
    """
    if place.experiment_id is None:
        return None
    try:
        found = alike(place, about)
    except Unanswered as error:
        log.warning("warning: not looked for earlier runs: %s", error)
        return None
    finished = [run for run in found if run.info.status == "FINISHED"]
    left = [run for run in found if run.info.status in ("KILLED", "FAILED")]
    here = [run for run in left if any(place.state_of(run).glob(f"*{SUFFIX}")) and not is_behind(place, run)]
    return next(reversed(finished or here), None)


def alike(place: Place, about: dict[str, str]) -> list[Run]:
    """Runs with the same configuration, faces, weights and code, whatever became of them; oldest first."""
    return training_runs(place, " and ".join(f"tags.`{key}` = '{about[key]}'" for key in IDENTITY))
