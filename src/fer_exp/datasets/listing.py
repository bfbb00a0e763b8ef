"""What a reader finds on disk before any picture is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from natsort import natsort_keygen

from fer_exp.config.dataset import DatasetConfig
from fer_exp.datasets.faces import Exclusion
from fer_exp.errors import ConfigError, DataError

SUFFIXES = (".jpg", ".jpeg", ".png")
UNUSABLE = (".avif", ".bmp", ".gif", ".heic", ".jfif", ".jp2", ".jpe", ".tif", ".tiff", ".webp")  # other pictures
NOT_A_PICTURE = "not a .jpg, .jpeg or .png file"
JUNK = ("thumbs.db", "desktop.ini")  # file managers leave these in any folder; hidden files count as junk too

_natural_key = natsort_keygen()


@dataclass
class Listing:
    """Faces as a reader lists them, in any order.

    Attributes:
        classes: class names; a label is a position in it.
        ids: n ids; relative posix paths, or `Usage/row` of a csv.
        labels: (n,) int64.
        parts: (n,) str, "train" or "test".
        landmarks: (n, 68, 2) float32 pixels, NaN rows have none; None where the dataset has none.
        pixels: (n, h, w, 1) uint8 where the pictures are not files; may be a read-only memory map.
        excluded: faces that cannot be used, with the reason.
        passed_over: files that are no pictures.
    """

    classes: tuple[str, ...]
    ids: list[str]
    labels: np.ndarray
    parts: np.ndarray
    landmarks: np.ndarray | None = None
    pixels: np.ndarray | None = None
    excluded: list[Exclusion] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Folder:
    """One folder: its path below the root ("" = the root) and the names of its files and folders, sorted plainly.

    `state` changes when a file is added, removed, renamed, or written to (size and time of modification).
    """

    path: str
    files: list[str]
    folders: list[str]
    state: bytes

    @property
    def name(self) -> str:
        """Return the last component of the path."""
        return self.path.rpartition("/")[2]

    def join(self, name: str) -> str:
        """Return the path below the root of something in this folder."""
        return f"{self.path}/{name}" if self.path else name


def natural(name: str) -> tuple[Any, str]:
    """Return the key of the natural order: 2.jpg before 10.jpg; plain order decides between 1.jpg and 01.jpg."""
    return _natural_key(name), name


def data_root(cfg: DatasetConfig) -> Path:
    """Return dataset.root as an absolute path to something that exists.

    Raises:
        ConfigError: dataset.root is not set.
        DataError: nothing is there.
    """
    if not cfg.root:
        raise ConfigError(f"dataset={cfg.name} needs the folder that it is in: dataset.root=DIR")
    root = Path(cfg.root).expanduser().absolute()
    try:
        root.stat()
    except OSError as error:
        raise DataError(f"dataset.root={cfg.root}: {root}: {error.strerror}; give the dataset's folder") from error
    return root


def list_folder(root: Path, path: str = "") -> Folder:
    """List one folder below the root, without hidden files and what file managers leave behind.

    Raises:
        DataError: it is not a folder, or may not be read.
    """
    files, folders, states = [], [], []
    try:
        with os.scandir(root / path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower() in JUNK:
                    continue
                if _is_folder(entry):
                    folders.append(entry.name)
                    continue
                files.append(entry.name)
                states.append(f"{entry.name}/{_stamp(entry)}")
    except NotADirectoryError as error:
        raise DataError(f"dataset.root={root}: {root / path} is a file where a folder is expected") from error
    except OSError as error:
        raise DataError(f"dataset.root={root}: cannot read the folder {root / path}: {error.strerror}") from error
    text = "\n".join([path, *sorted(folders), "", *sorted(states)])
    state = sha256(text.encode(errors="surrogateescape")).digest()
    return Folder(path, sorted(files), sorted(folders), state)


def contents(root: Path) -> str:
    """Return what a folder holds, for a message: the first few names."""
    folder = list_folder(root)
    names = [f"{name}/" for name in folder.folders] + folder.files
    return ", ".join(names[:8]) + (f", ... ({len(names)} in all)" if len(names) > 8 else "") or "nothing"


def is_picture(name: str) -> bool:
    """Return whether the file's name ends as a picture's does."""
    return name.lower().endswith(SUFFIXES)


def may_be_picture(name: str) -> bool:
    """Return whether a file that cannot be used is missed among the faces: a picture of another kind, or who knows."""
    return name.lower().endswith(UNUSABLE) or "." not in name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself: opening it will say so
        return False


def _stamp(entry: os.DirEntry[str]) -> str:
    try:
        stat = entry.stat()
    except OSError:  # a link that leads nowhere: opening it will say so
        return "unreadable"
    return f"{stat.st_size}/{stat.st_mtime_ns}"
