"""What the frozen beginning of a network makes of each face, computed once and kept in the cache.

Layers that learn nothing give a face the same features in every epoch, as long as no picture is changed on the way.
What follows then sees the features: the same numbers as through the whole network, without its cost.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from fer_exp.errors import DataError
from fer_exp.inputs.batches import batches, padded
from fer_exp.inputs.source import Features, Source
from fer_exp.inputs.variants import Samples, build_samples
from fer_exp.system.cache import cache_dir, cached, entry_dir

if TYPE_CHECKING:
    from fer_exp.config.model import PretrainedConfig

log = logging.getLogger(__name__)

FILE = "features.npy"
BATCH = 64
ROOM = 2**28  # bytes of the disk that stay free
VERSION = 3  # of what happens to a picture on its way into a base; counted up when that changes


class Needed(NamedTuple):
    """Rows (n,) of a Faces table in one form: normal, occluded or a further test set; or their mirror images."""

    rows: np.ndarray
    form: str
    mirrored: bool = False

    def of(self, source: Source) -> tuple[Source, str, np.ndarray]:
        """Return the pictures that this means, which variant of them, and which rows."""
        return *source._replace(mirrored=self.mirrored).for_test_set(self.form), self.rows


def needed_for_training(source: Source, variant: str) -> list[Needed]:
    """Return the forms of the training part that a training variant consists of: one of them, or both."""
    both = ("normal", "occluded")
    return [Needed(source.rows("train"), form) for form in ((variant,) if variant in both else both)]


def needed_for_samples(samples: Samples) -> list[Needed]:
    """Return the rows of samples that are uncovered, and those that are covered, each once and in order."""
    by_form = {"normal": samples.rows[~samples.covered], "occluded": samples.rows[samples.covered]}
    return [Needed(np.unique(rows), form) for form, rows in by_form.items() if len(rows)]


def needed_for_tests(source: Source) -> list[Needed]:
    """Return every form in which the test part is looked at."""
    forms = ("normal", "occluded") if source.placement is not None else ("normal",)
    return [Needed(source.rows("test"), form) for form in (*forms, *source.extra_test_sets)]


def mirror_images(source: Source, needed: Sequence[Needed]) -> list[Needed]:
    """Return what is needed of the mirror images of faces that predictions are asked of, if anything is."""
    return [of_form._replace(mirrored=True) for of_form in needed] if source.mirror else []


def extract(stem: keras.Model, cfg: PretrainedConfig, source: Source, needed: list[Needed]) -> Features:
    """Return the features of faces, taken from the cache where it has them.

    Args:
        stem: what fer_exp.models.stems.stem_of returns: nothing of it is trainable.
        cfg: the model that it belongs to.
        source: the pictures.
        needed: rows and forms, those of each form apart.

    Raises:
        DataError: the disk of the cache has no room for them.
    """
    key = cache_key(stem, cfg)

    def features(mirrored: bool, mirror_images: Features | None = None) -> Features:
        forms: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {
            form: [] for form in ("normal", "occluded", *source.extra_test_sets)
        }
        for of_form in needed:
            if of_form.mirrored is mirrored:
                forms[of_form.form].append((of_form.rows, extract_form(stem, key, *of_form.of(source))))
        return Features(source.faces, source.placement, forms, source.extra_test_sets, mirror_images)

    return features(False, features(True) if source.mirror else None)


def missing_bytes(stem: keras.Model, cfg: PretrainedConfig, source: Source, needed: list[Needed]) -> int:
    """Return how much disk the features take that the cache has not yet."""
    key, of_face = cache_key(stem, cfg), 4 * int(np.prod(stem.output_shape[1:]))
    return sum(of_face * len(of_form.rows) for of_form in needed if not _entry(key, *of_form.of(source)).exists())


def fits_budget(
    stem: keras.Model, cfg: PretrainedConfig, source: Source, needed: list[Needed], budget: float | None
) -> bool:
    """Return whether features are worth their disk, and say so in a line.

    Args:
        stem: as `extract` takes it.
        cfg: as `extract` takes it.
        source: as `extract` takes it.
        needed: as `extract` takes it.
        budget: GB of disk; None: a quarter of what is free, and nothing beside an accelerator, to which pictures are
            brought sooner than their features.
    """
    missing, free = missing_bytes(stem, cfg, source, needed), shutil.disk_usage(cache_dir()).free
    if budget is None and missing and keras.distribution.list_devices("gpu"):
        return False
    allowed = min(free - ROOM, free / 4 if budget is None else budget * 1e9)
    if missing > allowed:
        log.info(
            "what goes through the network begins at its pictures: the features of its frozen layers would take %.1f "
            "GB of disk, and feature_cache allows %.1f GB in %s",
            missing / 1e9,
            max(0.0, allowed) / 1e9,
            cache_dir(),
        )
        return False
    log.info(
        "the features that frozen layers make of faces are computed once and kept in %s (%.2f GB more)",
        cache_dir(),
        missing / 1e9,
    )
    return True


def cache_key(stem: keras.Model, cfg: PretrainedConfig) -> dict[str, object]:
    """Return all that features depend on beside the pictures: weights, precision, keys other than those of learning."""
    digest = sha256()
    for weight in stem.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    unrelated = ("name", "weights", "finetune", "trainable_from", "head")
    keys = {key: getattr(value, "value", value) for key, value in asdict(cfg).items() if key not in unrelated}
    code = {"version": VERSION, "keras": keras.__version__, "tensorflow": tf.__version__}
    return keys | code | {"weights": digest.hexdigest(), "precision": stem.compute_dtype, "stem": stem.name}


def _entry(key: dict[str, object], source: Source, form: str, rows: np.ndarray) -> Path:
    """Return where the cache has the features of these rows, all covered or none."""
    faces = source.faces
    digest = sha256("\n".join(faces.ids[rows]).encode() + faces.digests[rows].tobytes() + faces.fingerprint.encode())
    key = key | {"form": form, "degrade": source.degrade, "mirrored": source.mirrored}
    if form == "occluded":
        placement = source.placement
        assert placement is not None  # or nothing could be covered
        digest.update(np.ascontiguousarray(placement.polygons[rows]).tobytes())
        if placement.phase is not None:
            digest.update(np.ascontiguousarray(placement.phase[rows]).tobytes())
        key |= {"color": list(placement.color), "noise": placement.noise, "fill": placement.fill.name}
    return entry_dir("features", key | {"faces": digest.hexdigest()})


def extract_form(stem: keras.Model, key: dict[str, object], source: Source, form: str, rows: np.ndarray) -> np.ndarray:
    """Return the features float32 (n, *shape) of these rows, all covered or none; a read-only memory map.

    Raises:
        DataError: the disk of the cache has no room for them.
    """
    faces, shape = source.faces, stem.output_shape[1:]

    def read(folder: Path) -> np.ndarray:
        table: np.ndarray = np.load(folder / FILE, mmap_mode="r", allow_pickle=False)
        if table.shape != (len(rows), *shape) or table.dtype != np.float32:
            raise ValueError(f"{table.dtype} {table.shape}")
        return table

    def write(folder: Path, _: np.ndarray) -> None:
        size = 4 * len(rows) * int(np.prod(shape))
        free = shutil.disk_usage(folder).free
        if size > free - ROOM:
            raise DataError(
                f"the features of {len(rows)} faces take {size / 2**30:.1f} GiB; {free / 2**30:.1f} GiB are free in "
                f"{cache_dir()}. Set FER_EXP_CACHE to a larger disk, or use augmentation=light feature_cache=0, which "
                "need none"
            )
        table = np.lib.format.open_memmap(folder / FILE, "w+", np.float32, (len(rows), *shape))
        samples = build_samples(form, rows, faces.labels[rows])
        with tqdm(
            total=len(rows), desc=f"features, {form}{', mirrored' if source.mirrored else ''}", unit=" faces", delay=2
        ) as bar:
            once = source._replace(cache=None)  # each picture is read this one time
            for i, (images, _) in enumerate(batches(once, samples, BATCH)):
                n = len(images)
                table[i * BATCH : i * BATCH + n] = stem.predict_on_batch(padded(images, BATCH))[:n]
                bar.update(n)
        table.flush()

    entry = _entry(key, source, form, rows)
    return cached(entry, read, lambda: rows, write)  # `write` computes them itself, batch by batch
