"""What a frozen backbone makes of each face, computed once and kept in the cache.

A base that learns nothing gives a face the same features in every epoch, as long as no picture is changed on the way.
Its head then learns from the features: the same numbers as through the whole network, without its cost.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from fer_exp.errors import DataError
from fer_exp.inputs.batches import batches, padded
from fer_exp.inputs.source import Features, Source
from fer_exp.inputs.variants import build_samples
from fer_exp.system.cache import cache_dir, cached, entry_dir

if TYPE_CHECKING:
    from fer_exp.config.model import PretrainedConfig

FILE = "features.npy"
BATCH = 64
VERSION = 1  # of what happens to a picture on its way into a base; counted up when that changes


def extract(
    base: keras.Model, cfg: PretrainedConfig, source: Source, parts: list[np.ndarray], variant: str
) -> Features:
    """Return the features of the faces that a run needs, taken from the cache where it has them.

    Args:
        base: what fer_exp.models.backbone returns, nothing of it trainable.
        cfg: the model that it belongs to.
        source: the pictures.
        parts: rows of the training part and of the test part.
        variant: the training variant: the training part's form, or both, is computed; of the test part both are.
    """
    key = cache_key(base, cfg)
    train, test = parts
    both = ("normal", "occluded")
    needed = [(train, form) for form in ((variant,) if variant in both else both)]
    needed += [(test, form) for form in (both if source.placement is not None else ("normal",))]
    needed += [(test, form) for form in source.extra_test_sets]
    forms: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {form: [] for form in (*both, *source.extra_test_sets)}
    for rows, form in needed:
        forms[form].append((rows, extract_form(base, key, *source.for_test_set(form), rows)))
    return Features(source.faces, source.placement, forms, source.extra_test_sets)


def cache_key(base: keras.Model, cfg: PretrainedConfig) -> dict[str, object]:
    """Return all that features depend on beside the pictures: weights, precision, keys other than those of learning."""
    digest = sha256()
    for weight in base.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    unrelated = ("name", "weights", "finetune", "trainable_from", "head")
    keys = {key: getattr(value, "value", value) for key, value in asdict(cfg).items() if key not in unrelated}
    code = {"version": VERSION, "keras": keras.__version__, "tensorflow": tf.__version__}
    return keys | code | {"weights": digest.hexdigest(), "precision": base.compute_dtype}


def extract_form(base: keras.Model, key: dict[str, object], source: Source, form: str, rows: np.ndarray) -> np.ndarray:
    """Return the features float32 (n, *shape) of these rows, all covered or none; a read-only memory map.

    Raises:
        DataError: the disk of the cache has no room for them.
    """
    faces, shape = source.faces, base.output_shape[1:]
    digest = sha256("\n".join(faces.ids[rows]).encode() + faces.digests[rows].tobytes() + faces.fingerprint.encode())
    key = key | {"form": form, "degrade": source.degrade}
    if form == "occluded":
        placement = source.placement
        assert placement is not None  # or nothing could be covered
        digest.update(np.ascontiguousarray(placement.polygons[rows]).tobytes())
        if placement.phase is not None:
            digest.update(np.ascontiguousarray(placement.phase[rows]).tobytes())
        key |= {"color": list(placement.color), "noise": placement.noise}
    entry = entry_dir("features", key | {"faces": digest.hexdigest()})

    def read(folder: Path) -> np.ndarray:
        table: np.ndarray = np.load(folder / FILE, mmap_mode="r", allow_pickle=False)
        if table.shape != (len(rows), *shape) or table.dtype != np.float32:
            raise ValueError(f"{table.dtype} {table.shape}")
        return table

    def write(folder: Path, _: np.ndarray) -> None:
        size = 4 * len(rows) * int(np.prod(shape))
        free = shutil.disk_usage(folder).free
        if size > free - 2**28:
            raise DataError(
                f"the features of {len(rows)} faces take {size / 2**30:.1f} GiB; {free / 2**30:.1f} GiB are free in "
                f"{cache_dir()}. Set FER_EXP_CACHE to a larger disk, or use augmentation=light, which needs no cache"
            )
        table = np.lib.format.open_memmap(folder / FILE, "w+", np.float32, (len(rows), *shape))
        samples = build_samples(form, rows, faces.labels[rows])
        with tqdm(total=len(rows), desc=f"features, {form}", unit=" faces", delay=2) as bar:
            for i, (images, _) in enumerate(batches(source, samples, BATCH)):
                n = len(images)
                table[i * BATCH : i * BATCH + n] = base.predict_on_batch(padded(images, BATCH))[:n]
                bar.update(n)
        table.flush()

    return cached(entry, read, lambda: rows, write)  # `write` computes them itself, batch by batch
