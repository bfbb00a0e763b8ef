"""Runs that did, or began, what another one is about to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_exp.tracking import training_runs

if TYPE_CHECKING:
    from fer_exp.tracking import Place, Run

# tags that make two runs the same
IDENTITY = ("config.hash", "code.hash", "dataset.fingerprint", "split.hash", "model.weights.sha256")
IDENTITY += ("version.keras", "version.tensorflow")


def finished(place: Place, about: dict[str, str]) -> Run | None:
    """The latest finished run with the same configuration, faces, weights and code, if there is one."""
    found = [run for run in alike(place, about) if run.info.status == "FINISHED"]
    return found[-1] if found else None


def killed(place: Place, about: dict[str, str]) -> Run | None:
    """The latest run of the same kind that was interrupted, here, after an epoch was complete; it can go on."""
    found = [run for run in alike(place, about) if run.info.status in ("KILLED", "FAILED")]
    here = [run for run in found if any((place.state / run.info.run_id).glob("*.state"))]
    return here[-1] if here else None


def alike(place: Place, about: dict[str, str]) -> list[Run]:
    """Runs with the same configuration, faces, weights and code, whatever became of them; oldest first."""
    return training_runs(place, " and ".join(f"tags.`{key}` = '{about[key]}'" for key in IDENTITY))
