"""From a reader's listing to a Faces table: every picture is opened once; unusable ones are left out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from fer_exp.config.dataset import AUTO, DatasetConfig, OnBad
from fer_exp.datasets import images, landmark_files
from fer_exp.datasets.faces import EMPTY_CLASS, Exclusion, Faces, PixelRows
from fer_exp.datasets.listing import Listing, natural
from fer_exp.errors import DataError
from fer_exp.system.cache import cached, entry_dir

log = logging.getLogger(__name__)

VERSION = 4  # raise it when the same files would now give another table
SHOWN = 5  # examples in a message
COLUMNS = ("ids", "labels", "parts", "sizes", "digests", "hashes")
CHUNK = 1024  # pictures in memory at once, where they are not files


@dataclass(frozen=True)
class DatasetSpec:
    """What a reader knows before it lists a single face.

    Attributes:
        root: the path that the ids are relative to.
        key: the configuration that the table depends on, as plain JSON data.
        state: changes when the files do; cheap enough to be computed at each start.
        listing: lists the faces without opening a picture.
        leave_out: how to leave an empty class out, for a message.
    """

    root: Path
    key: dict[str, Any]
    state: str
    listing: Callable[[], Listing]
    leave_out: str = "leave it out of dataset.classes"


@dataclass
class _Table:
    columns: dict[str, np.ndarray]
    meta: dict[str, Any]
    landmarks: np.ndarray | None = None
    pixels: np.ndarray | PixelRows | None = None
    excluded: list[Exclusion] = field(default_factory=list)


def build(cfg: DatasetConfig, spec: DatasetSpec, *, workers: int) -> Faces:
    """Return the table of a dataset, from the cache where neither the files nor the keys have changed.

    Raises:
        DataError: faces cannot be used or classes have none, while dataset.on_bad=fail; a part has no faces; the
            landmark file does not fit; the cache cannot be written.
    """
    landmark_path = None if cfg.landmarks in (None, AUTO) else landmark_files.landmark_file(cfg.landmarks)
    key = {"version": VERSION, "root": str(spec.root), "landmarks": str(landmark_path), **spec.key}
    landmark_digest = landmark_files.content_digest(landmark_path) if landmark_path else None
    state = sha256(f"{spec.state}/{landmark_digest}".encode()).hexdigest()
    table = cached(
        entry_dir(cfg.name, key),
        read=partial(_read, state=state),
        build=lambda: _build(spec, landmark_path, workers, state, cfg.on_bad),
        write=_write,
    )
    if names := table.meta["passed_over"]:
        log.warning(
            "warning: %s: files that are no pictures are passed over: %d, such as %s", cfg.name, len(names), names[0]
        )
    report_excluded(table.excluded, cfg)
    return Faces(
        name=cfg.name,
        classes=tuple(table.meta["classes"]),
        fingerprint=table.meta["fingerprint"],
        root=spec.root if table.pixels is None else None,
        landmarks=table.landmarks,
        pixels=table.pixels,
        excluded=tuple(table.excluded),
        **table.columns,  # type: ignore[arg-type]  # COLUMNS are the arrays alone
    )


def _build(spec: DatasetSpec, landmark_path: Path | None, workers: int, state: str, on_bad: OnBad) -> _Table:
    listing = spec.listing()
    _need_classes(spec, listing.classes, listing.labels, listing.parts, listing.excluded, on_bad)
    if landmark_path is not None:
        listing.landmarks = landmark_files.match(landmark_path, listing.ids)
    if listing.pixels is None:
        checked = images.check(spec.root, listing.ids, workers)
    else:
        checked = images.check_pixels(listing.pixels, workers)
    unreadable = checked.unreadable
    names, rows = listing.classes, _order(listing, unreadable)
    excluded = listing.excluded + [
        Exclusion(listing.ids[row], names[listing.labels[row]], reason) for row, reason in unreadable.items()
    ]
    table = _Table(
        columns={
            "ids": _take(np.array(listing.ids, dtype=str), rows),
            "labels": _take(listing.labels.astype(np.int64, copy=False), rows),
            "parts": _take(listing.parts, rows),
            "sizes": _take(checked.sizes, rows),
            "digests": _take(checked.digests, rows),
            "hashes": _take(checked.hashes, rows),
        },
        meta={"classes": names, "state": state, "passed_over": sorted(listing.passed_over, key=natural)},
        landmarks=None if listing.landmarks is None else _take(listing.landmarks, rows),
        pixels=None if listing.pixels is None else PixelRows(listing.pixels, rows),
        excluded=excluded,
    )
    labels, parts = table.columns["labels"], table.columns["parts"]
    _need_classes(spec, names, labels, parts, excluded, on_bad)
    excluded += [
        Exclusion(f"{part}/{name}", name, f"{EMPTY_CLASS} in the {words} part")
        for part, words in (("train", "training"), ("test", "test"))
        for name in _empty(names, labels, parts, part)
    ]
    excluded.sort(key=lambda e: natural(e.id))
    if table.landmarks is not None:
        if landmark_path is not None:
            landmark_files.check_fit(landmark_path, table.landmarks, table.columns["sizes"])
        if not np.isfinite(table.landmarks).any():
            table.landmarks = None
    table.meta["fingerprint"] = _fingerprint(table)
    return table


def _order(listing: Listing, left_out: Container[int]) -> np.ndarray:
    """Return the rows that are not left out, training part first, in natural order within a part."""

    def sort_key(row: int) -> tuple[Any, ...]:
        return listing.parts[row] != "train", natural(listing.ids[row])

    rows = [row for row in range(len(listing.ids)) if row not in left_out]
    if not all(a <= b for a, b in pairwise(map(sort_key, rows))):  # holding all keys at once takes memory
        rows.sort(key=sort_key)
    return np.array(rows, np.int64)


def _take(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return these rows; nothing is copied where they are all rows in order, as is usual for large datasets."""
    if len(rows) == len(array) and np.array_equal(rows, np.arange(len(rows))):
        return array
    taken: np.ndarray = array[rows]
    return taken


def _need_classes(
    spec: DatasetSpec,
    names: tuple[str, ...],
    labels: np.ndarray,
    parts: np.ndarray,
    excluded: list[Exclusion],
    on_bad: OnBad,
) -> None:
    """Raise DataError unless there is something to learn and to test; checked before and after opening pictures."""
    unusable = f"{len(excluded)} face{'s' if len(excluded) > 1 else ''}"
    why = f" ({unusable} cannot be used, such as {_sentence(excluded[:1])})" if excluded else ""
    for part, words in (("train", "training"), ("test", "test")):
        if not (parts == part).any():
            raise DataError(f"dataset.root={spec.root}: no face in the {words} part{why}; add some there")
    if (empty := _empty(names, labels, parts, "train")) and on_bad is OnBad.fail:
        raise DataError(
            f"dataset.root={spec.root}: no face of {', '.join(empty)} in the training part{why}; "
            f"add some, {spec.leave_out}, or do without: dataset.on_bad=skip"
        )


def _empty(names: tuple[str, ...], labels: np.ndarray, parts: np.ndarray, part: str) -> list[str]:
    counts = np.bincount(labels[parts == part], minlength=len(names))
    return [name for name, count in zip(names, counts, strict=True) if not count]


def report_excluded(excluded: Sequence[Exclusion], cfg: DatasetConfig) -> None:
    """Warn of faces and classes that cannot be used; raise DataError of them where dataset.on_bad=fail."""
    if not excluded:
        return
    what = "faces or classes" if len(excluded) > 1 else "face or class"
    text = f"{cfg.name}: {len(excluded)} {what} cannot be used: {_sentence(excluded)}"
    if cfg.on_bad is OnBad.fail:
        raise DataError(f"{text}. Repair the files in dataset.root={cfg.root}, or do without: dataset.on_bad=skip")
    log.warning("warning: left out of %s", text)


def _sentence(excluded: Sequence[Exclusion]) -> str:
    more = len(excluded) - SHOWN
    return "; ".join(f"{e.id}: {e.reason}" for e in excluded[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _fingerprint(table: _Table) -> str:
    """Return a digest of the content alone: the same data elsewhere, or freshly copied, has the same digest."""
    columns = table.columns
    digest = sha256(json.dumps(table.meta["classes"]).encode())
    digest.update("\0".join(columns["ids"].tolist()).encode(errors="surrogateescape"))
    digest.update("\0".join(columns["parts"].tolist()).encode())
    digest.update(np.ascontiguousarray(columns["labels"], "<i8").data)
    digest.update(columns["digests"].tobytes())
    if table.landmarks is not None:
        digest.update(np.ascontiguousarray(table.landmarks, "<f4").data)
    return digest.hexdigest()


def _write(folder: Path, table: _Table) -> None:
    arrays = dict(table.columns)
    if table.landmarks is not None:
        arrays["landmarks"] = table.landmarks
    np.savez(folder / "table.npz", **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle
    if table.pixels is not None:
        with (folder / "pixels.npy").open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": table.pixels.shape}
            np.lib.format.write_array_header_1_0(file, header)
            for start in range(0, len(table.pixels), CHUNK):
                file.write(table.pixels[start : start + CHUNK].data)
    excluded = [(e.id, e.label, e.reason) for e in table.excluded]
    (folder / "meta.json").write_text(json.dumps({**table.meta, "excluded": excluded}))


def _read(folder: Path, state: str) -> _Table:
    """Read what _write wrote, the pixels as a read-only memory map; raise one of cache.DAMAGED if it is of no use."""
    meta = json.loads((folder / "meta.json").read_text())
    if meta["state"] != state:
        raise ValueError("the files have changed since")
    with np.load(folder / "table.npz", allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    pixels = None
    if (folder / "pixels.npy").exists():
        pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
    return _Table(
        columns={key: arrays[key] for key in COLUMNS},
        meta=meta,
        landmarks=arrays.get("landmarks"),
        pixels=pixels,
        excluded=[Exclusion(*row) for row in meta["excluded"]],
    )
