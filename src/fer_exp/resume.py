"""An interrupted run goes on as if it had never stopped."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from fer_exp import config, provenance, run, tracking
from fer_exp.errors import ConfigError, UserError
from fer_exp.training.state import latest

if TYPE_CHECKING:
    from fer_exp.config import TrainConfig

log = logging.getLogger(__name__)

OWN = ("resume", "resume_changes", "force", "workers", "tracking")  # keys that are about this call
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
    place, stored = find(place, cfg.resume)
    name = f"{stored.info.run_name} ({stored.info.run_id})"
    if stored.info.status == "FINISHED":
        raise UserError(f"resume={cfg.resume}: {name} is finished")
    if provenance.lives(stored.data.tags) and stored.info.status == "RUNNING":
        raise UserError(f"resume={cfg.resume}: {name} is still running, as process {stored.data.tags['pid']}")
    told = told_before(place, stored)
    changes = differences(words, composed, told)
    if refused := [key for key in changes if key not in cfg.resume_changes]:
        said = ", ".join(f"{key}: {changes[key][0]}, now {changes[key][1]}" for key in refused)
        raise ConfigError(f"{name} was told something else ({said}). resume_changes=[{','.join(refused)}] allows it")
    for key, (_, now) in changes.items():
        _set(told, key, composed[key] if key in config.GROUPS else now)
    settings = config.stored(told, with_weights=True)
    ready = run.prepare(settings)
    now = run.tags(settings, told, ready, words, None)
    for key, what in DATA.items():
        if now[key] != stored.data.tags.get(key):
            raise UserError(f"resume={cfg.resume}: the {what} are not those that {name} began with ({key})")
    if differing := [key for key in CODE if now.get(key) != stored.data.tags.get(key)]:
        log.warning("warning: %s began with another version (%s): not bit for bit the same", name, ", ".join(differing))
    folder = place.state / stored.info.run_id
    begun = latest(folder)
    if begun is None:
        log.warning("warning: no complete epoch of %s in %s: it begins anew", name, folder)
    else:
        log.info("%s goes on after epoch %d", name, begun.epoch)
    with run.recorded(tracking.Recorder.resumed(place, stored)) as recorder:
        resumed = int(stored.data.tags.get("resumed", 0)) + 1
        changed = {"resume.changed": "; ".join(f"{k}: {a} -> {b}" for k, (a, b) in changes.items())} if changes else {}
        recorder.tags(provenance.machine() | {"resumed": resumed} | changed)
        return run.learn(recorder, settings, told, ready, begun)


def find(place: tracking.Place, wanted: str) -> tuple[tracking.Place, tracking.Run]:
    """The run of an id, or the last one that is not finished.

    Raises:
        UserError: there is none.
    """
    if wanted != "last":
        return tracking.find_run(place, wanted)
    for found in reversed(tracking.training_runs(place)):
        if found.info.status != "FINISHED":
            return place, found
    raise UserError(f"resume=last: every run of {place.experiment} is finished")


def told_before(place: tracking.Place, stored: tracking.Run) -> dict[str, Any]:
    """The configuration that a run keeps, as plain data."""
    with TemporaryDirectory() as scratch:
        try:
            return yaml.safe_load(tracking.fetch(place, stored, "config.yaml", Path(scratch)).read_text())
        except UserError as error:
            raise UserError(
                f"{stored.info.run_name} ended before it had written down what it was told: start it anew"
            ) from error


def differences(words: list[str], composed: dict[str, Any], told: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Keys that the command line names with another value than the run has: (then, now). Defaults are no changes."""
    found = {}
    for word in words:
        key = word.lstrip("+~").split("=", 1)[0]
        if key.split(".")[0] in OWN:
            continue
        if key == "experiment":
            raise ConfigError("resume goes on with the run's own configuration: leave experiment= out")
        then, now = (_get(values, f"{key}.name" if key in config.GROUPS else key) for values in (told, composed))
        if then != now:
            found[key] = (then, now)
    return found


def _get(values: dict[str, Any], key: str) -> Any:
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _set(values: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        values = values[part]
    values[last] = value
