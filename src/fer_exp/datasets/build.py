"""Listing -> Faces: every picture is opened once, in parallel; the table is kept in the cache."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from hashlib import blake2b, sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from natsort import natsort_keygen
from PIL import Image
from tqdm import tqdm

from fer_exp.datasets import landmarks as landmark_files
from fer_exp.datasets.cache import cached, entry_dir
from fer_exp.datasets.faces import Exclusion, Faces
from fer_exp.datasets.listing import Listing
from fer_exp.datasets.schema import DatasetConfig, OnBad
from fer_exp.errors import DataError

log = logging.getLogger(__name__)
VERSION = 1  # of the table; a change makes every cache anew
ARRAYS = ("ids", "labels", "parts", "sizes", "digests")


def table(cfg: DatasetConfig, root: Path, source: str, build: Callable[[], Faces]) -> Faces:
    """The faces that `build` makes, from the cache where it has them.

    Landmarks of `cfg.landmarks` are joined after reading, so that another file needs no new table.

    Args:
        cfg: the dataset; its keys but root, landmarks, limit and on_bad are part of the cache's key.
        root: of the files.
        source: digest of the files as they are now.
        build: makes the table, exclusions included.

    Raises:
        DataError: faces had to be excluded and `cfg.on_bad` is fail, nothing is left, or the landmarks do not fit.
    """
    options = {k: v for k, v in asdict(cfg).items() if k not in ("root", "landmarks", "limit", "on_bad")}
    key = {"version": VERSION, "root": str(root), "source": source, "options": options}
    faces = cached(entry_dir(cfg.name, key), lambda entry: read(entry, root), lambda entry: write(entry, build()))
    if faces.excluded and cfg.on_bad is OnBad.fail:
        raise DataError(describe(faces, root))
    for part in ("train", "test"):
        if not len(faces.rows(part)):
            raise DataError(f"dataset.root={cfg.root}: no usable face for the {part} part. {describe(faces, root)}")
    if cfg.landmarks is not None:
        found = landmark_files.read(cfg.landmarks).match(faces.ids)
        faces = replace(faces, landmarks=found)
    return replace(faces, fingerprint=fingerprint(faces))


def describe(faces: Faces, root: Path) -> str:
    """The exclusions in a few lines: how many for each reason, the first of each."""
    reasons = Counter(e.reason for e in faces.excluded)
    first = {e.reason: e.id for e in reversed(faces.excluded)}
    lines = [f"{n} x {reason}, first: {first[reason]}" for reason, n in reasons.most_common(5)]
    more = f"; and {len(reasons) - 5} other reasons" if len(reasons) > 5 else ""
    return (
        f"{len(faces.excluded)} entries below {root} cannot be used: {'; '.join(lines)}{more}. "
        "Mend them, or leave them out with dataset.on_bad=skip (the run lists them)"
    )


def from_files(name: str, root: Path, classes: list[str], listing: Listing, workers: int) -> Faces:
    """Open every listed picture and make the table, in natural order of ids, training before test."""
    n = len(listing.ids)
    natural = natsort_keygen()
    order = sorted(range(n), key=lambda i: (listing.parts[i] != "train", natural(listing.ids[i])))
    ids = np.array([listing.ids[i] for i in order], dtype=str)
    labels = np.array([listing.labels[i] for i in order], np.int64)
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        found = pool.map(lambda i: inspect(root / i), ids.tolist())
        found = list(tqdm(found, total=n, desc="Checking pictures", unit="", disable=n < 500))
    good = np.array([reason is None for *_, reason in found], bool)
    bad = [
        Exclusion(str(i), classes[label], reason)
        for i, label, (*_, reason) in zip(ids, labels, found, strict=True)
        if reason is not None
    ]
    faces = Faces(
        name=name,
        classes=tuple(classes),
        ids=ids[good],
        labels=labels[good],
        parts=np.array([listing.parts[i] for i in order], dtype="U5")[good],
        sizes=np.array([size for size, _, _ in found], np.int32).reshape(-1, 2)[good],
        digests=np.array([digest for _, digest, _ in found], "S32")[good],
        landmarks=None if listing.landmarks is None else listing.landmarks[order][good],
        fingerprint="",
        root=root,
        excluded=[*listing.bad, *bad],
    )
    return replace(faces, excluded=[*faces.excluded, *empty_classes(faces)])


def empty_classes(faces: Faces) -> list[Exclusion]:
    """An entry for each class that a part has no face of."""
    return [
        Exclusion(f"{part}/{name}", name, f"the {part} part has no usable face of this class")
        for part in ("train", "test")
        for name, count in zip(faces.classes, faces.counts(faces.rows(part)), strict=True)
        if count == 0
    ]


def inspect(path: Path) -> tuple[tuple[int, int], str, str | None]:
    """((height, width), content digest, None), or what is wrong with the file as the third.

    Pillow decodes to the end and objects to truncated files; OpenCV fills what is missing with grey.
    """
    try:
        content = path.read_bytes()
        with Image.open(BytesIO(content)) as image:
            image.load()
            size, mode, kind = image.size, image.mode, image.format
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        missing = isinstance(error, FileNotFoundError)
        return (0, 0), "", "no such file" if missing else f"unreadable picture ({type(error).__name__})"
    if kind not in ("JPEG", "PNG", "MPO"):
        return (0, 0), "", f"a {kind} file, neither JPEG nor PNG"
    if mode == "CMYK":
        return (0, 0), "", "colours are CMYK, not RGB or grey"
    return (size[1], size[0]), blake2b(content, digest_size=16).hexdigest(), None


def fingerprint(faces: Faces) -> str:
    """Digest of content alone: the same data in another place, or read another day, has the same."""
    digest = sha256(json.dumps([faces.name, *faces.classes]).encode())
    digest.update("\n".join(faces.ids.tolist()).encode("utf-8", "surrogateescape"))
    for array in (faces.labels, faces.parts == "train", faces.digests, faces.landmarks):
        if array is not None:
            digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()


def write(entry: Path, faces: Faces) -> None:
    """A table as files in a folder: plain arrays and JSON."""
    arrays = {name: getattr(faces, name) for name in ARRAYS}
    if faces.landmarks is not None:
        arrays["landmarks"] = faces.landmarks
    np.savez(entry / "table.npz", **arrays)
    if faces.pixels is not None:
        np.save(entry / "pixels.npy", faces.pixels, allow_pickle=False)
    meta = {"name": faces.name, "classes": faces.classes, "excluded": [asdict(e) for e in faces.excluded]}
    (entry / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def read(entry: Path, root: Path) -> Faces:
    """What `write` wrote; pixels stay on disk, as a memory map.

    Raises:
        OSError, ValueError, KeyError, EOFError, BadZipFile: damaged.
    """
    meta = json.loads((entry / "meta.json").read_text(encoding="utf-8"))
    with np.load(entry / "table.npz", allow_pickle=False) as data:
        arrays = {name: data[name] for name in (*ARRAYS, "landmarks") if name in data}
    pixels = entry / "pixels.npy"
    in_memory = np.load(pixels, mmap_mode="r", allow_pickle=False) if pixels.exists() else None
    return Faces(
        name=meta["name"],
        classes=tuple(meta["classes"]),
        fingerprint="",
        excluded=[Exclusion(**e) for e in meta["excluded"]],
        root=None if in_memory is not None else root,
        pixels=in_memory,
        **({"landmarks": None} | arrays),
    )
