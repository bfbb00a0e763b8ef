"""The built-in faces: drawn from FACS action units, they are no evidence about real people.

They show that a pipeline runs and what its numbers look like; the action-unit tables (`actions`) decide how large the
effect of an occlusion is. From the inside out: `classes` (which classes, how often), `actions` (expression -> action
units), `identity` (a person), `shape` and `mouth` (both -> 68 landmarks in three dimensions), `scene` (before a
camera), `drawing` (-> pixels), `face` (one face by seed, part and index), `store` (all faces, drawn in parallel and
kept in the cache).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_exp.errors import ConfigError

if TYPE_CHECKING:
    from fer_exp.config.dataset import SyntheticConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.datasets.synthetic.store import Drawn, Plan

_SMALLEST, _LARGEST = 24, 512


def load(cfg: SyntheticConfig, *, size: int, workers: int) -> Faces:
    """Return the built-in faces, drawn at the first call for a configuration and read from the cache afterwards.

    The training part has AffectNet's class frequencies to the power `cfg.imbalance`, and wrong labels as
    `cfg.label_noise` says; the test part is balanced and correctly labelled. A face depends on the look's keys
    (seed, size, intensity, spread, idle, blend, pose, corruption), its part, its index and its class alone.

    Args:
        cfg: the dataset; `on_bad` is ignored. Of a dataset with a `limit` only the faces that stay are drawn, unless
            `rename` may make other classes of them.
        size: side of the pictures in pixels where `cfg.size` is None; clipped to 24 to 512.
        workers: processes that draw; 1 or fewer draws in this one.

    Returns:
        Faces with ids "train/000000" onwards, then "test/000000" onwards, without gaps where all are drawn; pixels
        (n, s, s, 3) uint8 RGB, a read-only memory map; landmarks for every face; digests S32, the hex BLAKE2b-128 of
        each picture; synthetic=True.

    Raises:
        ConfigError: `cfg.root`, `cfg.landmarks` or `cfg.classes` is given, or `cfg.seed` is negative.
        DataError: the cache cannot be written to.
    """
    from fer_exp.datasets.synthetic import store

    _check(cfg)
    plan = _plan(cfg, size)
    return _faces(plan, store.load_or_draw(plan, workers))


def _check(cfg: SyntheticConfig) -> None:
    for key in ("root", "landmarks", "classes"):
        value = getattr(cfg, key)
        if value is not None:
            raise ConfigError(
                f"dataset.{key}={value}: the built-in faces are drawn, so they take no {key}. "
                "Leave it out, or choose another dataset, such as dataset=image_folder"
            )
    if cfg.seed < 0:
        raise ConfigError(f"dataset.seed={cfg.seed}: it must be 0 or more")


def _plan(cfg: SyntheticConfig, size: int) -> Plan:
    from fer_exp.datasets.synthetic.face import Look
    from fer_exp.datasets.synthetic.store import Plan

    strengths = {
        key: float(getattr(cfg, key)) for key in ("intensity", "spread", "idle", "blend", "pose", "corruption")
    }
    side = min(max(size, _SMALLEST), _LARGEST) if cfg.size is None else cfg.size
    look = Look(seed=cfg.seed, size=side, **strengths)
    limit = None if cfg.limit is None or cfg.rename or cfg.limit >= max(cfg.n_train, cfg.n_test) else cfg.limit
    return Plan(look, cfg.n_train, cfg.n_test, float(cfg.imbalance), float(cfg.label_noise), limit)


def _faces(plan: Plan, drawn: Drawn) -> Faces:
    import numpy as np

    from fer_exp.datasets.faces import Faces
    from fer_exp.datasets.synthetic.classes import CLASSES

    return Faces(
        name="synthetic",
        classes=CLASSES,
        ids=drawn.ids,
        labels=drawn.labels,
        parts=np.char.partition(drawn.ids, "/")[:, 0].astype("U5"),
        sizes=np.full((len(drawn.labels), 2), plan.look.size, np.int32),
        digests=drawn.digests,
        landmarks=drawn.landmarks,
        fingerprint=_fingerprint(plan, drawn),
        pixels=drawn.pixels,
        synthetic=True,
    )


def _fingerprint(plan: Plan, drawn: Drawn) -> str:
    """Return a digest of what was drawn: the digests stand for the pictures, counts and limit for ids and parts."""
    from hashlib import sha256

    limited = "" if plan.limit is None else f" {plan.limit}"
    content = sha256(f"synthetic {plan.n_train} {plan.n_test} {plan.look.size}{limited}".encode())
    for array in (drawn.labels, drawn.digests, drawn.landmarks):
        content.update(array.tobytes())
    return content.hexdigest()
