"""The one table that every reader makes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

EMPTY_CLASS = "no face of this class"  # begins the reason of an exclusion that is a whole class
OCCLUDED = "_occ"  # ends the name of a covered copy that lies beside its face


def identity(name: str) -> str:
    """Return the face that an id shows: `ID_occ.jpg`, a covered copy, shows the face `ID.jpg`."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem.removesuffix(OCCLUDED)}{dot}{suffix}" if dot else name.removesuffix(OCCLUDED)


@dataclass(frozen=True)
class Exclusion:
    """A face that was left out: its id, its class (or None) and why, in words."""

    id: str
    label: str | None
    reason: str


class PixelRows:
    """Rows (m,) of pictures (n, h, w, c), read only when they are indexed, so that a memory map stays on disk."""

    def __init__(self, pixels: np.ndarray | PixelRows, rows: np.ndarray) -> None:
        self.pixels, self.rows = pixels, rows
        self.dtype: np.dtype = pixels.dtype
        self.shape: tuple[int, ...] = (len(rows), *pixels.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int | slice | np.ndarray) -> np.ndarray:
        return self.pixels[self.rows[index]]


@dataclass(frozen=True, eq=False)
class Faces:
    """n faces in natural file order of their ids, training part before test part.

    Exactly one of `root` (pictures are the files root/id) and `pixels` (pictures are in memory) is given.

    Attributes:
        name: the dataset.
        classes: class names; a label is a position in it.
        ids: (n,) str, unique; the path below `root`, `Usage/row` of a csv, or `part/index`.
        labels: (n,) int64.
        parts: (n,) str, "train" or "test".
        sizes: (n, 2) int32, height and width of the stored picture in pixels.
        digests: (n,) fixed-width bytes; equal where the stored pictures are equal, byte by byte.
        landmarks: (n, 68, 2) float32, iBUG order, pixels (x right, y down), pixel centres at whole numbers;
            NaN rows have none; None where the dataset has none at all.
        fingerprint: hex digest of everything above and of the pictures' content.
        root: folder that the ids are relative to.
        pixels: (n, h, w, c) uint8, c = 3 (RGB) or 1 (grey); may be a read-only memory map, or rows of one.
        excluded: faces left out, with the reason.
        synthetic: True where no camera has seen these faces.
        hashes: (n, 64) int8, see fer_exp.datasets.perceptual; None where near duplicates are not looked for.
        groups: (n,) str, who is on the picture, "" where that is not known; None where nothing says so.
        metadata: further columns by name, (n,) str each, "" where a face has no value.
        validation: (n,) bool, the training faces that the dataset itself gives for validation; None where it has none.
        headset: True where people wear a real headset, which every form of these faces shows.
    """

    name: str
    classes: tuple[str, ...]
    ids: np.ndarray
    labels: np.ndarray
    parts: np.ndarray
    sizes: np.ndarray
    digests: np.ndarray
    landmarks: np.ndarray | None
    fingerprint: str
    root: Path | None = None
    pixels: np.ndarray | PixelRows | None = None
    excluded: Sequence[Exclusion] = field(default=())
    synthetic: bool = False
    hashes: np.ndarray | None = None
    groups: np.ndarray | None = None
    metadata: Mapping[str, np.ndarray] = field(default_factory=dict)
    validation: np.ndarray | None = None
    headset: bool = False

    def __post_init__(self) -> None:
        if (self.root is None) == (self.pixels is None):
            raise ValueError("Faces needs either root or pixels")

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, part: str) -> np.ndarray:
        """Return the rows of a part ("train" or "test") in file order, (m,) int64."""
        return np.flatnonzero(self.parts == part)

    def take(self, rows: np.ndarray) -> Faces:
        """Return the table of these rows alone; the fingerprint stays that of the whole table."""
        return replace(
            self,
            ids=self.ids[rows],
            labels=self.labels[rows],
            parts=self.parts[rows],
            sizes=self.sizes[rows],
            digests=self.digests[rows],
            landmarks=None if self.landmarks is None else self.landmarks[rows],
            groups=None if self.groups is None else self.groups[rows],
            metadata={name: values[rows] for name, values in self.metadata.items()},
            hashes=None if self.hashes is None else self.hashes[rows],
            validation=None if self.validation is None else self.validation[rows],
            pixels=None if self.pixels is None else PixelRows(self.pixels, np.arange(len(self))[rows]),
        )

    def path(self, row: int) -> str:
        """Return the picture's file; only for faces that have a root."""
        assert self.root is not None
        return os.path.join(self.root, self.ids[row])  # joining a Path would cost as much as reading the file

    def identities(self, rows: np.ndarray) -> np.ndarray:
        """Return the face that each of these rows shows (`identity`), (m,) str."""
        return np.array([identity(name) for name in self.ids[rows].tolist()])

    def counts(self, rows: np.ndarray) -> np.ndarray:
        """Return the number of faces per class among these rows, (classes,) int64."""
        return np.bincount(self.labels[rows], minlength=len(self.classes))
