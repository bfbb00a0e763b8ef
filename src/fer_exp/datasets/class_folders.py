"""Datasets sorted into a folder per class: which folders are the parts, and which faces are in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np

from fer_exp.config.dataset import DatasetConfig
from fer_exp.datasets.faces import Exclusion
from fer_exp.datasets.listing import NOT_A_PICTURE, Folder, Listing, contents, is_picture, list_folder, may_be_picture
from fer_exp.errors import DataError

TEST_PARTS = ("test", "validation", "val")


def choose_test(
    cfg: DatasetConfig, names: Iterable[str], chosen: str | None, usual: Iterable[str] = TEST_PARTS
) -> str | None:
    """Return the part to test on: the chosen one, else the only one there; None where there is none.

    Raises:
        DataError: the chosen part is not there, or several are and none is chosen.
    """
    names = list(names)
    candidates = [name for name in usual if name in names]
    if chosen is not None:
        if chosen not in names:
            parts = ", ".join(names) or "no parts"
            raise DataError(f"dataset.test={chosen}: dataset.root={cfg.root} has no such part; it has {parts}")
        return chosen
    if len(candidates) > 1:
        options = " or ".join(f"dataset.test={name}" for name in candidates)
        raise DataError(f"dataset.root={cfg.root} has several parts to test on; choose one: {options}")
    return candidates[0] if candidates else None


def class_folders(root: Path, part: str, except_for: Iterable[str] = ()) -> list[Folder]:
    """List the class folders below a part ("" = below the root itself), sorted by name.

    Raises:
        DataError: there are none.
    """
    names = [name for name in list_folder(root, part).folders if name not in set(except_for)]
    if not names:
        folder = root / part
        raise DataError(
            f"dataset.root={root}: expected a folder of pictures per class in {folder}, found {contents(folder)}"
        )
    return [list_folder(root, f"{part}/{name}" if part else name) for name in names]


def state_of(folders: Iterable[Folder]) -> str:
    """Return one digest of the state of several folders, in the order given."""
    return sha256(b"".join(folder.state for folder in folders)).hexdigest()


def list_classes(
    classes: tuple[str, ...],
    parts: dict[str, list[Folder]],
    label_of: Callable[[str], int | str],
) -> Listing:
    """List the pictures in the class folders of each part.

    Args:
        classes: class names.
        parts: "train" and "test" -> class folders.
        label_of: a class folder's name -> its label, or why it has none.

    Returns:
        The faces. Pictures of other kinds, folders within class folders, and pictures of folders without a label are
        exclusions; files that are no pictures are passed over.
    """
    ids, labels, part_names, excluded, passed_over = [], [], [], [], []
    for part, folders in parts.items():
        for folder in folders:
            label = label_of(folder.name)
            class_name = classes[label] if isinstance(label, int) else None
            for name in folder.files:
                reason = label if isinstance(label, str) else None
                if not is_picture(name):
                    if not may_be_picture(name):
                        passed_over.append(folder.join(name))
                        continue
                    reason = NOT_A_PICTURE
                if reason:
                    excluded.append(Exclusion(folder.join(name), class_name, reason))
                else:
                    ids.append(folder.join(name))
                    labels.append(label)
                    part_names.append(part)
            excluded += [
                Exclusion(folder.join(name), class_name, "a folder within a class folder") for name in folder.folders
            ]
    labels_and_parts = np.array(labels, np.int64), np.array(part_names, "U5")
    return Listing(classes, ids, *labels_and_parts, excluded=excluded, passed_over=passed_over)


def label_by_name(classes: tuple[str, ...]) -> Callable[[str], int | str]:
    """Return a `label_of` for folders that are named as the classes are."""
    labels = {name: label for label, name in enumerate(classes)}
    return lambda name: labels.get(name, f"its class folder {name!r} is not in dataset.classes")
