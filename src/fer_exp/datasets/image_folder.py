"""Any dataset with a folder per class, with or without a given test part."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import numpy as np

from fer_exp.datasets import build
from fer_exp.datasets.faces import Faces
from fer_exp.datasets.listing import Listing, fingerprint, folders, read_part, root_folder, test_folder
from fer_exp.datasets.schema import FolderConfig
from fer_exp.errors import DataError


def load(cfg: FolderConfig, *, size: int, workers: int) -> Faces:
    """root/train/<class>/ and root/{test,validation,val}/<class>/, or root/<class>/ with a drawn test part.

    Raises:
        DataError: the folders are not there, or faces cannot be used and cfg.on_bad is fail.
    """
    root = root_folder(cfg.root, "image_folder")

    def make() -> Faces:
        listing, classes = listed(cfg, root)
        return build.from_files("image_folder", root, classes, listing, workers)

    return build.table(cfg, root, fingerprint(root), make)


def listed(cfg: FolderConfig, root: Path) -> tuple[Listing, list[str]]:
    """Files by class and part, and the class names: those of the configuration, else the sorted folder names."""
    parted = (root / "train").is_dir()
    train = "train" if parted else ""
    classes = cfg.classes or folders(root / train)
    if len(classes) < 2:
        raise DataError(
            f"dataset.root={cfg.root}: expected train/<class>/ or <class>/ folders, "
            f"found {', '.join(folders(root)) or 'no folders'}"
        )
    names = {name: label for label, name in enumerate(classes)}
    listing = Listing()
    read_part(listing, root, train, "train", names, classes)
    test = test_folder(root, cfg.test) if parted else None
    if test:
        read_part(listing, root, test, "test", names, classes)
    else:
        _draw_test(listing, cfg.test_share, cfg.test_seed)
    return listing, classes


def _draw_test(listing: Listing, share: float, seed: int) -> None:
    """Make a share of each class the test part: those whose (seed, id) hash lowest, wherever they are stored."""
    labels = np.array(listing.labels, int)
    lot = np.array([blake2b(f"{seed} {i}".encode(), digest_size=8).hexdigest() for i in listing.ids])
    for label in np.unique(labels):
        where = np.flatnonzero(labels == label)
        for row in where[np.argsort(lot[where])][: round(share * len(where))]:
            listing.parts[row] = "test"
