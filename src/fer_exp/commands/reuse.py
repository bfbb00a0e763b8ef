"""What makes two runs the same, and runs that did, or began, what another one is about to do."""

from __future__ import annotations

import json
import logging
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_exp.config.inputs import MACHINE
from fer_exp.evaluation import reproduction
from fer_exp.inputs.source import describe_mask, describe_test_sets
from fer_exp.reports import figures
from fer_exp.system.paths import PACKAGE
from fer_exp.tracking import ServerUnavailable, is_behind, provenance, training_runs
from fer_exp.training.state import SUFFIX

if TYPE_CHECKING:
    from fer_exp.commands.prepare import Prepared
    from fer_exp.config.train import TrainConfig
    from fer_exp.tracking import Run, TrackingStore

log = logging.getLogger(__name__)

# keys that change nothing of a result, and keys that no run keeps
UNRELATED = ("tracking", *MACHINE)
UNRECORDED = ("published", "force", "resume", "resume_changes")
CHOICES = ("data", "dataset", "model", "optimizer", "augmentation", "occlusion", "method")
# tags that make two runs the same
IDENTITY = (
    "config.hash",
    "code.hash",
    "dataset.fingerprint",
    "split.hash",
    "model.weights.sha256",
    "version.keras",
    "version.tensorflow",
)


def run_params(resolved: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration flat: the chosen options by group, everything else dotted."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(f"{prefix}.{key}" if prefix else key, value)
        else:
            flat[prefix] = node

    walk("", {key: value for key, value in resolved.items() if key not in UNRECORDED})
    chosen = {group: flat.pop(f"{group}.name") for group in CHOICES}
    return chosen | flat


def config_hash(cfg: TrainConfig, resolved: dict[str, Any], prepared: Prepared) -> str:
    """Return a digest of all that a result can depend on in a configuration, 16 hex digits."""
    compared = {key: value for key, value in run_params(resolved).items() if key.split(".")[0] not in UNRELATED}
    compared["published"] = resolved.get("published")
    compared["metrics"] = [metric.code for metric in prepared.metrics]  # a file may change, and lie elsewhere
    if cfg.dataset.metadata is not None:  # the file may change
        compared["metadata"] = sha256(Path(cfg.dataset.metadata).expanduser().read_bytes()).hexdigest()
    if cfg.tests:
        compared["tests"] = describe_test_sets(cfg.tests, cfg.occlusion)  # an option's file may change
    if prepared.test_datasets:  # their faces may change
        compared["test_faces"] = [test_set.source.faces.fingerprint for test_set in prepared.test_datasets.values()]
    return sha256(json.dumps(compared, sort_keys=True, default=str).encode()).hexdigest()[:16]


def run_tags(
    cfg: TrainConfig, resolved: dict[str, Any], prepared: Prepared, overrides: list[str], sweep_id: str | None
) -> dict[str, str]:
    """Return the tags that make a run's numbers traceable."""
    tags = {
        "kind": "run",
        "config.hash": config_hash(cfg, resolved, prepared),
        "code.hash": provenance.code_digest(PACKAGE),
        "overrides": " ".join(overrides) or "(defaults)",
        "dataset.fingerprint": prepared.faces.fingerprint,
        "split.hash": prepared.split.hash,
        "model.weights.sha256": prepared.weights,
        "mlflow.runColor": figures.VARIANTS[cfg.data.name],
        "mlflow.source.name": "train.py",
        "mlflow.source.type": "LOCAL",
    }
    for name, test_set in prepared.test_datasets.items():
        tags[f"test_datasets.{name}"] = test_set.describe()
        tags[f"test_datasets.{name}.twins"] = str(len(test_set.known))
        tags[f"test_datasets.{name}.fingerprint"] = test_set.source.faces.fingerprint
    if mask := describe_mask(prepared.source):
        tags["occlusion.mask"] = mask
    if prepared.faces.synthetic:
        tags["synthetic"] = "true"
    if sweep_id:
        tags["sweep_id"] = sweep_id
    tags |= reproduction.tags(cfg.published, cfg, prepared.faces, overrides)
    return tags | provenance.git() | provenance.versions() | provenance.machine()


def find_reusable(store: TrackingStore, tags: dict[str, str]) -> Run | None:
    """Return the latest finished run that is the same, else the latest interrupted one that can go on here.

    None where there is neither, or the tracking server does not answer.
    """
    if store.experiment_id is None:
        return None
    try:
        same = find_same(store, tags)
    except ServerUnavailable as error:
        log.warning("warning: not looked for earlier runs: %s", error)
        return None
    finished = [run for run in same if run.info.status == "FINISHED"]
    interrupted = [run for run in same if run.info.status in ("KILLED", "FAILED")]
    here = [run for run in interrupted if any(store.state_of(run).glob(f"*{SUFFIX}")) and not is_behind(store, run)]
    return next(reversed(finished or here), None)


def find_same(store: TrackingStore, tags: dict[str, str]) -> list[Run]:
    """Return the runs with the same configuration, faces, weights and code, in any status, oldest first."""
    return training_runs(store, " and ".join(f"tags.`{key}` = '{tags[key]}'" for key in IDENTITY))
