"""FER2013 (Goodfellow et al. 2013, "Challenges in Representation Learning"): folders per class, or its csv."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fer_exp.config.dataset import Fer2013Config
from fer_exp.datasets.build import DatasetSpec, build
from fer_exp.datasets.class_folders import TEST_PARTS, choose_test, class_folders, label_by_name, list_classes, state_of
from fer_exp.datasets.faces import Exclusion, Faces
from fer_exp.datasets.listing import Listing, contents, data_root, list_folder
from fer_exp.errors import ConfigError, DataError, one_line
from fer_exp.system.cache import scratch

CODES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # column `emotion`, by code
SIDE = 48  # pixels
CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")  # the second is the same table with blanks in its header
USAGES = ("PrivateTest", "PublicTest")
CHUNK = 64  # rows of the csv in memory at once


def load(cfg: Fer2013Config, *, size: int, workers: int) -> Faces:
    """Read root/train/<class>/ with root/{test,validation,val}/<class>/, or fer2013.csv (root may be the file).

    Where a folder has both, the folders are read. The test part is `dataset.test`; null takes the only folder
    there, or PrivateTest in the csv. Ids in the csv are `Usage/row`, row counting from 0 below the header.

    Raises:
        ConfigError: dataset.root is not set, or the csv does not have a class.
        DataError: neither layout is there; there are several test folders and none is chosen; what cannot be used,
            as in fer_exp.datasets.image_folder.
    """
    root = data_root(cfg)
    if root.is_file():
        return build(cfg, _csv(cfg, root), workers=workers)
    top = list_folder(root)
    if "train" in top.folders:
        return build(cfg, _folders(cfg, root, top.folders), workers=workers)
    for name in CSV_NAMES:
        if name in top.files:
            return build(cfg, _csv(cfg, root / name), workers=workers)
    raise DataError(
        f"dataset.root={cfg.root}: not FER2013: expected train/<class>/*.jpg with one of "
        f"{', '.join(TEST_PARTS)}, or fer2013.csv; found {contents(root)}"
    )


def _folders(cfg: Fer2013Config, root: Path, names: list[str]) -> DatasetSpec:
    test = choose_test(cfg, [name for name in names if name != "train"], cfg.test)
    if test is None:
        raise DataError(
            f"dataset.root={cfg.root}: no part to test on: expected one of {', '.join(TEST_PARTS)} beside train, "
            f"found {contents(root)}. dataset=image_folder splits a test part off"
        )
    parts = {"train": class_folders(root, "train"), "test": class_folders(root, test)}
    classes = tuple(cfg.classes or sorted(CODES))
    return DatasetSpec(
        root=root,
        key={"classes": classes, "test": test},
        state=state_of(parts["train"] + parts["test"]),
        listing=lambda: list_classes(classes, parts, label_by_name(classes)),
    )


def _csv(cfg: Fer2013Config, path: Path) -> DatasetSpec:
    if not path.is_file():
        raise DataError(f"dataset.root={cfg.root}: {path} is not a file")
    test = cfg.test or USAGES[0]
    if test not in USAGES:
        raise ConfigError(f"dataset.test={test}: {path.name} has the parts {' and '.join(USAGES)}")
    classes = tuple(cfg.classes or sorted(CODES))
    if unknown := set(classes) - set(CODES):
        raise ConfigError(f"dataset.classes: {path.name} has no {', '.join(sorted(unknown))}; it has {list(CODES)}")
    stat = path.stat()
    return DatasetSpec(
        root=path,
        key={"classes": classes, "test": test},
        state=f"{stat.st_size}/{stat.st_mtime_ns}",
        listing=lambda: read_csv(path, classes, test),
    )


def read_csv(path: Path, classes: tuple[str, ...], test: str) -> Listing:
    """Read the rows of a csv whose Usage is Training or `test`; pixels (n, 48, 48, 1) uint8, a read-only memory map.

    A row with an unknown Usage or code, with more than its own line, another number of pixels than 48 x 48, or values
    outside 0 to 255 is an exclusion.

    Raises:
        DataError: it is not such a csv, or the cache cannot be written to.
    """
    parts = {"Training": "train", test: "test"}
    labels, ids, part_names, excluded = [], [], [], []
    with scratch() as file:
        bar = tqdm(_rows(path), "Reading annotations", unit="face", disable=None)
        for row, (code, text, usage) in enumerate(bar):
            face_id = f"{usage}/{row}"
            if lines := sum(value.count("\n") for value in (code, text, usage)):
                reason = f"{lines + 1} lines run together by a stray quotation mark"
                excluded.append(Exclusion(f"row {row}", None, reason))
                continue
            if usage not in parts:
                if usage not in USAGES:
                    excluded.append(
                        Exclusion(face_id, None, f"Usage {usage!r} is none of Training, {', '.join(USAGES)}")
                    )
                continue
            label = _class(code)
            image = _pixels(text)
            if isinstance(image, str) or label not in classes:
                reason = image if isinstance(image, str) else f"emotion {code!r} has no class in dataset.classes"
                excluded.append(Exclusion(face_id, label, reason))
                continue
            file.write(image.astype(np.uint8).data)
            labels.append(classes.index(label))
            ids.append(face_id)
            part_names.append(parts[usage])
        shape = (len(ids), SIDE, SIDE, 1)
        pixels = np.memmap(file, np.uint8, "r", shape=shape) if ids else np.zeros(shape, np.uint8)
    return Listing(
        classes, ids, np.array(labels, np.int64), np.array(part_names, "U5"), pixels=pixels, excluded=excluded
    )


def _rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield emotion, pixels and Usage (without blanks around it) of each row, read in chunks."""
    import pandas as pd  # a second of import time, needed once

    # objects, since pandas's own strings are not freed
    options = {"dtype": object, "na_filter": False, "encoding_errors": "replace", "on_bad_lines": "error"}
    try:
        with pd.read_csv(path, chunksize=CHUNK, **options) as chunks:
            for table in chunks:
                table.columns = [name.strip() for name in table.columns]
                _need_columns(path, list(table.columns))
                yield from zip(table["emotion"], table["pixels"], map(str.strip, table["Usage"]), strict=True)
    except (OSError, ValueError) as error:
        raise DataError(f"dataset.root={path}: cannot be read as csv: {one_line(error)}") from error


def _need_columns(path: Path, names: list[str]) -> None:
    missing = [name for name in ("emotion", "pixels", "Usage") if name not in names]
    if missing:
        raise DataError(
            f"dataset.root={path}: expected the columns emotion, pixels, Usage; {', '.join(missing)} is not among "
            f"{', '.join(names[:8])}"
        )


def _class(code: str) -> str | None:
    code = code.strip()
    # Python refuses to convert thousands of digits
    return CODES[int(code)] if code.isdecimal() and len(code) < 9 and int(code) < len(CODES) else None


def _pixels(text: str) -> np.ndarray | str:
    """Return the picture, (48, 48, 1) int64, or why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's, on text that is not a number: counted below
            values = np.fromstring(text, dtype=np.int64, sep=" ")
    except ValueError:
        return "its pixels are not numbers"
    if len(values) != SIDE * SIDE:
        return f"{len(values)} pixels, expected {SIDE} x {SIDE}"
    if values.min() < 0 or values.max() > 255:
        return "pixels outside 0 to 255"
    return values.reshape(SIDE, SIDE, 1)
