"""AffectNet (Mollahosseini, Hasani, Mahoor 2019, doi:10.1109/TAFFC.2017.2740923), the 8-class release."""

from __future__ import annotations

import os
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from fer_exp.config.dataset import AffectNetConfig
from fer_exp.datasets.annotations import read_expression, read_landmarks
from fer_exp.datasets.build import DatasetSpec, build
from fer_exp.datasets.class_folders import choose_test, class_folders, list_classes, state_of
from fer_exp.datasets.faces import Exclusion, Faces, identity
from fer_exp.datasets.listing import (
    NOT_A_PICTURE,
    Folder,
    Listing,
    contents,
    data_root,
    is_picture,
    list_folder,
    may_be_picture,
    natural,
)
from fer_exp.errors import ConfigError, DataError
from fer_exp.system.workers import for_each

PARTS = {"train": "train_set", "test": "val_set"}  # the field tests on its validation part
ANNOTATIONS = ("exp", "lnd", "val", "aro")
LEAVE_OUT = (
    "shorten dataset.classes if these are its last ones (the position of a class is its expression code, "
    "so none in the middle can be left out)"
)


def load(cfg: AffectNetConfig, *, size: int, workers: int) -> Faces:
    """Read {train_set,val_set}/{images,annotations}/ as distributed, or the same sorted into class folders.

    Sorted: {train_set,train}/<class>/ and {val_set,val,test}/<class>/, folders named by expression code or by
    class; landmarks then come from `dataset.landmarks`, which otherwise replaces those of the annotations. A class's
    position in `dataset.classes` is its expression code; faces of other codes (8 none, 9 uncertain, 10 no face)
    cannot be used.

    Changed pictures are noticed by name, size and time of modification; in `annotations/`, files that are added,
    removed or renamed are noticed, one rewritten in place is not (a million files take too long to check at each
    start): touch the folder then.

    Raises:
        ConfigError: dataset.root or dataset.classes is not set.
        DataError: neither layout is there; while dataset.on_bad=fail, faces without a class or annotations, damaged
            ones, and a class without training faces.
    """
    root = data_root(cfg)
    if not cfg.classes:
        raise ConfigError("dataset.classes: AffectNet needs the class names in the order of its expression codes")
    classes, names = tuple(cfg.classes), list_folder(root).folders
    if any((root / folder / "images").is_dir() for folder in PARTS.values()):
        spec = _distributed(classes, root, workers)
    elif "train_set" in names or "train" in names:
        spec = _sorted(cfg, classes, root, names)
    else:
        raise DataError(
            f"dataset.root={cfg.root}: not AffectNet: expected train_set/images, train_set/annotations and the "
            f"same in val_set, or train_set/<class> and val_set/<class>; found {contents(root)}"
        )
    return build(cfg, spec, workers=workers)


def _sorted(cfg: AffectNetConfig, classes: tuple[str, ...], root: Path, names: list[str]) -> DatasetSpec:
    train = "train_set" if "train_set" in names else "train"
    test = choose_test(cfg, names, None, usual=("val_set", "val", "test"))
    if test is None:
        raise DataError(f"dataset.root={cfg.root}: no val_set, val or test beside {train}; found {contents(root)}")
    parts = {"train": class_folders(root, train), "test": class_folders(root, test)}
    return DatasetSpec(
        root=root,
        key={"layout": "sorted", "classes": classes},
        state=state_of(parts["train"] + parts["test"]),
        listing=lambda: list_classes(classes, parts, partial(_label, classes)),
        leave_out=LEAVE_OUT,
    )


def _label(classes: tuple[str, ...], folder: str) -> int | str:
    if folder in classes:
        return classes.index(folder)
    if folder.isdecimal() and int(folder) < len(classes):
        return int(folder)
    return f"its class folder {folder!r} is neither in dataset.classes nor a code below {len(classes)}"


@cache
def companions(folder: str) -> tuple[str, ...]:
    """Return the files that belong to each picture of a folder, below the root, with `{}` for the picture's stem.

    These are the four annotation files of AffectNet as distributed, and none where it is sorted into class folders.
    """
    part, _, name = folder.rpartition("/")
    return tuple(f"{part}/annotations/{{}}_{kind}.npy" for kind in ANNOTATIONS) if name == "images" else ()


def _distributed(classes: tuple[str, ...], root: Path, workers: int) -> DatasetSpec:
    for path in (f"{folder}/{kind}" for folder in PARTS.values() for kind in ("images", "annotations")):
        if not (root / path).is_dir():
            raise DataError(f"dataset.root={root}: not AffectNet as distributed: the folder {path} is not there")
    images = {part: list_folder(root, f"{folder}/images") for part, folder in PARTS.items()}
    stamps = [(root / folder / "annotations").stat().st_mtime_ns for folder in PARTS.values()]
    return DatasetSpec(
        root=root,
        key={"layout": "distributed", "classes": classes},
        state=sha256(f"{state_of(images.values())}/{stamps}".encode()).hexdigest(),
        listing=lambda: _list_distributed(classes, root, images, workers),
        leave_out=LEAVE_OUT,
    )


def _list_distributed(classes: tuple[str, ...], root: Path, images: dict[str, Folder], workers: int) -> Listing:
    faces, excluded, passed_over = [], [], []  # of a face: part, id, path of its annotations without the ending
    for part, folder in images.items():
        annotations = root / PARTS[part] / "annotations"
        annotated = _annotated(annotations)
        stems_with_picture = set()
        for name in sorted(folder.files, key=natural):
            if not is_picture(name) and not may_be_picture(name):
                passed_over.append(folder.join(name))
                continue
            stem = Path(name).stem
            stems_with_picture.add(stem)
            reason = None if is_picture(name) else NOT_A_PICTURE
            if stem not in annotated:
                stem = identity(stem)  # a covered copy shares its face's annotations
                stems_with_picture.add(stem)
            if reason is None and stem not in annotated:
                reason = f"no annotations/{stem}_exp.npy"
            if reason:
                excluded.append(Exclusion(folder.join(name), None, reason))
            else:
                faces.append((part, folder.join(name), f"{annotations}/{stem}"))
        excluded += [
            Exclusion(f"{PARTS[part]}/annotations/{stem}_exp.npy", None, "no picture of that name")
            for stem in annotated - stems_with_picture
        ]
    labels, landmarks, reasons = _read_annotations([face[2] for face in faces], len(classes), workers)
    excluded += [Exclusion(faces[row][1], None, reason) for row, reason in reasons.items()]
    kept = [row for row in range(len(faces)) if row not in reasons]
    all_kept = len(kept) == len(faces)  # saves a copy of large arrays
    return Listing(
        classes=classes,
        ids=[faces[row][1] for row in kept],
        labels=labels if all_kept else labels[kept],
        parts=np.array([faces[row][0] for row in kept], "U5"),
        landmarks=landmarks if all_kept else landmarks[kept],
        excluded=excluded,
        passed_over=passed_over,
    )


def _annotated(folder: Path) -> set[str]:
    """Return the ID of each ID_exp.npy; only names are read, since there are four files per face."""
    try:
        return {name.removesuffix("_exp.npy") for name in os.listdir(folder) if name.endswith("_exp.npy")}
    except OSError as error:
        raise DataError(f"dataset.root: cannot read the folder {folder}: {error.strerror}") from error


def _read_annotations(stems: list[str], n_classes: int, workers: int) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Return labels (n,), landmarks (n, 68, 2), and row -> reason of the faces that cannot be used."""
    labels = np.zeros(len(stems), np.int64)
    landmarks = np.full((len(stems), 68, 2), np.nan, np.float32)
    reasons: dict[int, str] = {}

    def read(row: int) -> None:
        try:
            code = read_expression(f"{stems[row]}_exp.npy")
            if not 0 <= code < n_classes:
                raise ValueError(f"expression code {code} has no class in dataset.classes")
            labels[row], landmarks[row] = code, read_landmarks(f"{stems[row]}_lnd.npy")
        except (OSError, ValueError) as error:
            reasons[row] = getattr(error, "strerror", None) or str(error)

    for_each(len(stems), read, workers, "Reading annotations", "face")
    return labels, landmarks, reasons
