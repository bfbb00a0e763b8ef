"""An interrupted run goes on as if it had never stopped."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from fer_exp import tracking
from fer_exp.commands.early import load_early
from fer_exp.config.compose import GROUPS, from_stored, to_plain
from fer_exp.config.inputs import MACHINE
from fer_exp.config.optimizer import Schedule
from fer_exp.errors import ConfigError, UserError
from fer_exp.system.signals import deferred
from fer_exp.system.stderr import held_stderr
from fer_exp.tracking import provenance, run_title

if TYPE_CHECKING:
    from fer_exp.config.train import TrainConfig

log = logging.getLogger(__name__)

Changes = dict[str, tuple[Any, Any]]  # key -> (value of the run, value asked for now)

OWN = ("resume", "resume_changes", "force", "tracking", *MACHINE)  # keys that are about this call
CHANGEABLE = ("epochs", "early_stopping.patience", "tests")  # keys that say how far, and what is tested at the end
DATA = {"dataset.fingerprint": "faces", "split.hash": "split", "model.weights.sha256": "learned weights"}
CODE = ("code.hash", "version.keras", "version.tensorflow", "version.numpy")


def resume(cfg: TrainConfig, composed: dict[str, Any], words: list[str]) -> str:
    """Train a stored run to its end, with its own configuration; return its id.

    Args:
        cfg: what this call asks for; its keys resume, resume_changes and tracking count.
        composed: the same as plain data.
        words: of the command line; values that differ from the run's must be named in resume_changes.

    Raises:
        UserError: there is no such run, it is finished, still running or taken by another process, or its faces are not
            there any more.
        ConfigError: a word says something else than the run's configuration.
    """
    store = tracking.open_store(cfg.tracking.uri, cfg.tracking.experiment)
    tracking.deliver_abandoned(store)  # the run may have been recorded further than its server knows
    assert cfg.resume is not None  # what this function is called for
    store, stored = find(store, cfg.resume)
    with tracking.claimed(store, stored):
        return go_on(store, stored, cfg, composed, words)


def go_on(
    store: tracking.TrackingStore,
    stored: tracking.Run,
    cfg: TrainConfig,
    composed: dict[str, Any],
    words: list[str],
) -> str:
    """Train a run that this process has claimed to its end, as `resume` does; return its id."""
    check_idle(store, stored)
    before = config_of(store, stored)
    changes = allowed_changes(stored, differences(words, composed, before), cfg.resume_changes)
    config = with_changes(before, changes)
    config |= {key: composed[key] for key in MACHINE if any(word.startswith(f"{key}=") for word in words)}
    settings = from_stored(config, with_weights=True)
    faces = load_early(settings)  # what needs no TensorFlow is said before it loads
    with held_stderr(), deferred():
        from fer_exp.commands.prepare import prepare
        from fer_exp.commands.reuse import run_tags
        from fer_exp.commands.run import learn, recorded
        from fer_exp.commands.teacher import with_teacher
        from fer_exp.training.state import latest_state
    state = latest_state(store.state_of(stored))
    if changes and state and (state.stopped or state.epoch >= before["epochs"]):
        raise UserError(
            f"{run_title(stored)} is trained to its end: nothing can change in it any more. Start a new run"
        )
    if "epochs" in changes and settings.optimizer.schedule is Schedule.cosine:
        log.warning("warning: the learning rate follows a cosine over all epochs: with other epochs it jumps")
    prepared = prepare(settings, faces)
    if teacher := stored.data.tags.get("method.teacher"):
        prepared = with_teacher(store, teacher, prepared)
    tags = changed_tags(stored, run_tags(settings, config, prepared, words, None), changes)
    if state is None:
        log.warning("warning: no complete epoch of %s in %s: it begins anew", run_title(stored), store.state_of(stored))
    else:
        log.info("%s goes on after epoch %d", run_title(stored), state.epoch)
    stored = check_idle(store, stored)  # preparing takes minutes: another process may have begun meanwhile
    with recorded(tracking.Recorder.resumed(store, stored, tags)) as recorder:
        learn(recorder, settings, config, prepared, state)
    return recorder.id


def config_of(store: tracking.TrackingStore, run: tracking.Run) -> dict[str, Any]:
    """Return the configuration that a run keeps.

    Raises:
        UserError: it has none that can be read.
    """
    try:
        return tracking.load_config(store, run)
    except UserError as error:
        raise UserError(
            f"{run.info.run_name} has no configuration to go on with ({error}): it ended before that was recorded, or "
            "the file was damaged since. Start it anew"
        ) from error


def allowed_changes(run: tracking.Run, changes: Changes, allowed: list[str]) -> Changes:
    """Return the changes themselves.

    Raises:
        ConfigError: one of them cannot be made to a run that has begun, or `allowed` (resume_changes) lacks it.
    """
    if fixed := [key for key in changes if key not in CHANGEABLE]:
        raise ConfigError(
            f"{', '.join(fixed)} cannot change in the midst of {run_title(run)}; what can: {', '.join(CHANGEABLE)}"
        )
    if refused := [key for key in changes if key not in allowed]:
        values = ", ".join(f"{key}: {changes[key][0]}, now {changes[key][1]}" for key in refused)
        raise ConfigError(
            f"{run_title(run)} was configured otherwise ({values}). resume_changes=[{','.join(refused)}] allows it"
        )
    return changes


def with_changes(config: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """Return a plain configuration with the new values."""
    changed = OmegaConf.create(config)
    for key, (_, now) in changes.items():
        OmegaConf.update(changed, key, now)
    return to_plain(changed)


def changed_tags(run: tracking.Run, now: dict[str, str], changes: Changes) -> dict[str, str]:
    """Return the tags that a run gets because it goes on with other code, or with changes.

    Args:
        run: as it is stored.
        now: the tags that it would get if it began now.
        changes: that were asked for.

    Raises:
        UserError: its faces, split or learned weights are not those that it began with.
    """
    tested = {key: "faces to test on" for key in now if re.fullmatch(r"test_datasets\..+\.fingerprint", key)}
    for key, what in (DATA | tested).items():
        if now[key] != run.data.tags.get(key):
            raise UserError(
                f"resume={run.info.run_id}: the {what} are not those that {run_title(run)} began with ({key}). Put "
                "back what it began with, or start a new run"
            )
    if differing := [key for key in CODE if now.get(key) != run.data.tags.get(key)]:
        log.warning(
            "warning: %s began with another version (%s): not bit for bit the same",
            run_title(run),
            ", ".join(differing),
        )
    tags = {key: f"{run.data.tags.get(key)}+{now.get(key)}" for key in differing}
    if changes:  # it does not repeat any more what its configuration said
        tags["resume.changed"] = "; ".join(f"{key}: {then} -> {new}" for key, (then, new) in changes.items())
        tags["config.hash"] = now["config.hash"]
    return tags


def check_idle(store: tracking.TrackingStore, stored: tracking.Run) -> tracking.Run:
    """Return the run as it is now, unless a process is working on it.

    Raises:
        UserError: it is finished, or still running.
    """
    _, stored = tracking.find_run(store, stored.info.run_id)
    if stored.info.status == "FINISHED":
        raise UserError(f"{run_title(stored)} is finished")
    if stored.info.status == "RUNNING":
        alive = provenance.is_alive(stored.data.tags)
        if alive:
            raise UserError(f"{run_title(stored)} is still running, as process {stored.data.tags['pid']}")
        if alive is None:
            log.warning(
                "warning: %s was begun on %s: make sure that it is not running there",
                run_title(stored),
                stored.data.tags.get("host"),
            )
    return stored


def find(store: tracking.TrackingStore, run_id: str) -> tuple[tracking.TrackingStore, tracking.Run]:
    """Return the run of an id or a name, or the last one that is not finished.

    Raises:
        UserError: there is none.
    """
    if run_id != "last":
        return tracking.find_named(store, run_id, "resume")
    for run in reversed(tracking.training_runs(store)):
        abandoned = run.info.status == "RUNNING" and provenance.is_alive(run.data.tags) is False
        if abandoned or run.info.status in ("KILLED", "FAILED"):
            return store, run
    raise UserError(f"resume=last: every run of {store.experiment} is finished, or still running")


def differences(words: list[str], composed: dict[str, Any], config: dict[str, Any]) -> Changes:
    """Return what the command line sets to another value than the run has; defaults are not changes."""
    changes: Changes = {}
    both = [OmegaConf.create(values) for values in (config, composed)]
    for word in words:
        key = word.lstrip("+~").split("=", 1)[0]
        if key.split(".")[0] in OWN:
            continue
        if key == "experiment":
            raise ConfigError("resume goes on with the run's own configuration: leave experiment= out")
        then, now = (OmegaConf.select(values, f"{key}.name" if key in GROUPS else key) for values in both)
        if then != now:
            changes[key] = (then, now)
    return changes
