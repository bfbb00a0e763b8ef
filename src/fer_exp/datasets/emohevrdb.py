"""EmoHeVRDB (Ortmann et al. 2024, arXiv 2410.03331): faces behind a real headset, a Meta Quest Pro, of 37 people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_exp.config.dataset import DatasetConfig
from fer_exp.datasets.build import DatasetSpec, build
from fer_exp.datasets.class_folders import class_folders, label_by_name, list_classes, state_of
from fer_exp.datasets.faces import Faces
from fer_exp.datasets.listing import contents, data_root, list_folder
from fer_exp.errors import DataError

CLASSES = ("Anger", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise")  # by code, 0 to 6
# as the authors name the folders of a set, and as others shorten them
SETS = {
    "train": ("training_set", "train"),
    "validation": ("validation_set", "val", "validation"),
    "test": ("test_set", "test"),
}


def load(cfg: DatasetConfig, *, size: int, workers: int) -> Faces:
    """Read root/{training_set,validation_set,test_set}/<class>/, or the same with short names.

    The faces of validation_set are the validation part, whatever `split.validation` says. A file is named
    `<timestamp>-<set>-<participant>-<level>-<emoji>-<emotion>-<camera>.jpg`: two cameras saw each expression, and
    `dataset.group_pattern` takes the participant out of it.

    Raises:
        ConfigError: dataset.root is not set.
        DataError: a set is missing; what cannot be used, as in fer_exp.datasets.image_folder.
    """
    root = data_root(cfg)
    folders = {part: _folder(root, part) for part in SETS}
    classes = tuple(cfg.classes or CLASSES)
    parts = {
        "train": class_folders(root, folders["train"]) + class_folders(root, folders["validation"]),
        "test": class_folders(root, folders["test"]),
    }
    spec = DatasetSpec(
        root=root,
        key={"classes": classes, "folders": folders},
        state=state_of(parts["train"] + parts["test"]),
        listing=lambda: list_classes(classes, parts, label_by_name(classes)),
    )
    faces = build(cfg, spec, workers=workers)
    return replace(faces, validation=np.char.startswith(faces.ids, f"{folders['validation']}/"), headset=True)


def _folder(root: Path, part: str) -> str:
    there = list_folder(root).folders
    found = [name for name in SETS[part] if name in there]
    if not found:
        raise DataError(
            f"dataset.root={root}: not EmoHeVRDB: expected a folder {' or '.join(SETS[part])}, found {contents(root)}"
        )
    return found[0]
