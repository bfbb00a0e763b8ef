"""What a reader finds before any picture is opened, and how it looks into folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np

from fer_exp.datasets.faces import Exclusion
from fer_exp.errors import DataError

PICTURES = (".jpg", ".jpeg", ".png")
TEST_FOLDERS = ("test", "validation", "val")
CLUTTER = {"thumbs.db", "desktop.ini"}


@dataclass
class Listing:
    """Faces by id, in any order: `labels` are positions in the class names, `parts` "train" or "test".

    `landmarks`: (n, 68, 2) float32 or None. `bad`: what cannot be a face of any class.
    """

    ids: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    bad: list[Exclusion] = field(default_factory=list)
    landmarks: np.ndarray | None = None

    def add(self, ids: Iterable[str], label: int, part: str) -> None:
        """Faces of one class and part."""
        before = len(self.ids)
        self.ids.extend(ids)
        self.labels.extend([label] * (len(self.ids) - before))
        self.parts.extend([part] * (len(self.ids) - before))


def root_folder(root: str | None, name: str) -> Path:
    """dataset.root as a folder.

    Raises:
        DataError: not given, not there, no folder, or not readable.
    """
    if root is None:
        raise DataError(f"dataset={name} needs dataset.root=DIR, the folder that holds it")
    path = Path(root).expanduser()
    try:
        if not path.is_dir():
            raise DataError(f"dataset.root={root}: {'a file, not a folder' if path.exists() else 'no such folder'}")
        next(os.scandir(path), None)
    except PermissionError as error:
        raise DataError(f"dataset.root={root}: you may not read this folder") from error
    return path.resolve()


def folders(path: Path) -> list[str]:
    """Names of the folders in a folder, hidden ones left out, sorted."""
    return sorted(e.name for e in os.scandir(path) if e.is_dir() and not e.name.startswith("."))


def test_folder(root: Path, wanted: str | None) -> str | None:
    """The part's folder to test on: `wanted`, else the only one of test, validation and val; None without any.

    Raises:
        DataError: `wanted` is not there, or there are several and none is wanted.
    """
    there = [name for name in folders(root) if name in TEST_FOLDERS]
    if wanted is not None:
        if not (root / wanted).is_dir():
            raise DataError(f"dataset.test={wanted}: {root} has no such folder; it has {', '.join(folders(root))}")
        return wanted
    if len(there) > 1:
        raise DataError(f"{root} has {' and '.join(there)}; say which to test on: dataset.test={there[0]}")
    return there[0] if there else None


def read_part(
    listing: Listing, root: Path, folder: str, part: str, names: dict[str, int], classes: Sequence[str]
) -> None:
    """Add the pictures of `root/folder/<class>/`.

    Class folders that no class names, class folders without pictures and other files become exclusions.

    Args:
        listing: takes the faces.
        root: what ids are relative to.
        folder: of the part, relative to root; "" for root itself.
        part: "train" or "test".
        names: class folder -> label.
        classes: class names, for the exclusions' words.
    """
    base = root / folder
    for name in folders(base):
        prefix = "/".join(filter(None, [folder, name]))
        found, other = pictures(base / name)
        ids = [f"{prefix}/{file}" for file in found]
        listing.bad += [Exclusion(f"{prefix}/{file}", None, "no .jpg, .jpeg or .png file") for file in other]
        if name not in names:
            reason = f"class folder '{name}' is none of dataset.classes=[{','.join(classes)}]"
            listing.bad += [Exclusion(i, None, reason) for i in ids or [prefix]]
        else:
            listing.add(ids, names[name], part)


def pictures(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the pictures and of all other files in a folder; hidden and system files are passed over."""
    found, other = [], []
    for entry in os.scandir(folder):
        if entry.name.startswith(".") or entry.name.lower() in CLUTTER or entry.is_dir():
            continue
        (found if entry.name.lower().endswith(PICTURES) else other).append(entry.name)
    return found, other


def fingerprint(root: Path, depth: int = 4) -> str:
    """A quick digest of a folder tree: sees files added, removed or renamed, and pictures changed in place.

    Every folder counts with its path, its time of change and its number of entries; every picture and csv file
    with its name, size and time of change. Annotation files changed in place are not seen (to look at each of
    AffectNet's 1 100 000 would take longer than reading the table): delete the cache, or touch their folder.
    """
    digest = blake2b(digest_size=16)

    def walk(path: Path, left: int) -> None:
        lines, below = [], []
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.lower().endswith((*PICTURES, ".csv")):
                    stat = entry.stat()
                    lines.append(f"{entry.name}\t{stat.st_size}\t{stat.st_mtime_ns}")
                elif "." not in entry.name and entry.is_dir():
                    below.append(entry.name)
                else:
                    lines.append(entry.name)
        lines.sort()
        digest.update(f"{path.relative_to(root)}\t{path.stat().st_mtime_ns}\t{len(lines)}\n".encode())
        digest.update("\n".join(lines).encode("utf-8", "surrogateescape"))
        for name in sorted(below):
            if left:
                walk(path / name, left - 1)

    walk(root, depth)
    return digest.hexdigest()
