"""An interrupted run goes on as if it had never stopped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from fer_exp import tracking
from fer_exp.commands import run
from fer_exp.config.compose import GROUPS, from_stored
from fer_exp.config.optimizer import Schedule
from fer_exp.errors import ConfigError, UserError
from fer_exp.tracking import provenance
from fer_exp.training.state import latest

if TYPE_CHECKING:
    from fer_exp.config.train import TrainConfig

log = logging.getLogger(__name__)

OWN = ("resume", "resume_changes", "force", "workers", "tracking")  # keys that are about this call
CHANGEABLE = ("epochs", "early_stopping.patience", "tests")  # keys that say how far, and what is tested at the end
DATA = {"dataset.fingerprint": "faces", "split.hash": "split", "model.weights.sha256": "learned weights"}
CODE = ("code.hash", "version.keras", "version.tensorflow", "version.numpy")


def resume(cfg: TrainConfig, composed: dict[str, Any], words: list[str]) -> str:
    """Train a stored run to its end, with its own configuration; returns its id.

    Args:
        cfg: what this call asks for; resume, resume_changes and tracking of it count.
        composed: the same as plain data.
        words: of the command line; values that differ from the run's must be named in resume_changes.

    Raises:
        UserError: there is no such run, it is finished or still runs, or its faces are not there any more.
        ConfigError: a word says something else than the run was told.
    """
    place = tracking.open_place(cfg.tracking.uri, cfg.tracking.experiment)
    tracking.deliver_left(place)  # the run may have been recorded further than its server knows
    place, stored = find(place, cfg.resume)
    name = f"{stored.info.run_name} ({stored.info.run_id})"
    free(place, stored)
    try:
        told = tracking.told(place, stored)
    except UserError as error:
        raise UserError(
            f"{stored.info.run_name} ended before it had written down what it was told: start it anew"
        ) from error
    changes = differences(words, composed, told)
    if fixed := [key for key in changes if key not in CHANGEABLE]:
        raise ConfigError(f"{', '.join(fixed)} cannot change in the midst of {name}; what can: {', '.join(CHANGEABLE)}")
    if refused := [key for key in changes if key not in cfg.resume_changes]:
        said = ", ".join(f"{key}: {changes[key][0]}, now {changes[key][1]}" for key in refused)
        raise ConfigError(f"{name} was told something else ({said}). resume_changes=[{','.join(refused)}] allows it")
    folder = place.state_of(stored)
    begun = latest(folder)
    if changes and begun and (begun.stopped or begun.epoch >= told["epochs"]):
        raise UserError(f"{name} is trained to its end: nothing can change in it any more. Start a new run")
    changed = OmegaConf.create(told)
    for key, (_, now) in changes.items():
        OmegaConf.update(changed, key, now)
    told = OmegaConf.to_container(changed)
    if any(word.startswith("workers=") for word in words):
        told["workers"] = composed["workers"]
    settings = from_stored(told, with_weights=True)
    if "epochs" in changes and settings.optimizer.schedule is Schedule.cosine:
        log.warning("warning: the learning rate follows a cosine over all epochs: with other epochs it jumps")
    ready = run.prepare(settings)
    now = run.tags(settings, told, ready, words, None)
    for key, what in DATA.items():
        if now[key] != stored.data.tags.get(key):
            raise UserError(f"resume={cfg.resume}: the {what} are not those that {name} began with ({key})")
    if differing := [key for key in CODE if now.get(key) != stored.data.tags.get(key)]:
        log.warning("warning: %s began with another version (%s): not bit for bit the same", name, ", ".join(differing))
    if begun is None:
        log.warning("warning: no complete epoch of %s in %s: it begins anew", name, folder)
    else:
        log.info("%s goes on after epoch %d", name, begun.epoch)
    about = {key: f"{stored.data.tags.get(key)}+{now.get(key)}" for key in differing}
    if changes:  # it is no repeat of what it was told first
        about |= {"resume.changed": "; ".join(f"{k}: {a} -> {b}" for k, (a, b) in changes.items())}
        about |= {"config.hash": now["config.hash"]}
    stored = free(place, stored)  # preparing takes minutes: another process may have begun meanwhile
    with run.recorded(tracking.Recorder.resumed(place, stored, about)) as recorder:
        run.learn(recorder, settings, told, ready, begun)
    return recorder.id


def free(place: tracking.Place, stored: tracking.Run) -> tracking.Run:
    """The run as it is now, if no process has it.

    Raises:
        UserError: it is finished, or still runs.
    """
    _, stored = tracking.find_run(place, stored.info.run_id)
    name = f"{stored.info.run_name} ({stored.info.run_id})"
    if stored.info.status == "FINISHED":
        raise UserError(f"{name} is finished")
    if stored.info.status == "RUNNING":
        alive = provenance.lives(stored.data.tags)
        if alive:
            raise UserError(f"{name} is still running, as process {stored.data.tags['pid']}")
        if alive is None:
            log.warning(
                "warning: %s was begun on %s: make sure that it is not running there",
                name,
                stored.data.tags.get("host"),
            )
    return stored


def find(place: tracking.Place, wanted: str) -> tuple[tracking.Place, tracking.Run]:
    """The run of an id, or the last one that is not finished.

    Raises:
        UserError: there is none.
    """
    if wanted != "last":
        return tracking.find_run(place, wanted)
    for found in reversed(tracking.training_runs(place)):
        left = found.info.status == "RUNNING" and provenance.lives(found.data.tags) is False
        if left or found.info.status in ("KILLED", "FAILED"):
            return place, found
    raise UserError(f"resume=last: every run of {place.experiment} is finished, or still running")


def differences(words: list[str], composed: dict[str, Any], told: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Keys that the command line names with another value than the run has: (then, now). Defaults are no changes."""
    found = {}
    both = [OmegaConf.create(values) for values in (told, composed)]
    for word in words:
        key = word.lstrip("+~").split("=", 1)[0]
        if key.split(".")[0] in OWN:
            continue
        if key == "experiment":
            raise ConfigError("resume goes on with the run's own configuration: leave experiment= out")
        then, now = (OmegaConf.select(values, f"{key}.name" if key in GROUPS else key) for values in both)
        if then != now:
            found[key] = (then, now)
    return found
