"""FER2013 (Goodfellow et al. 2013): folders of JPEG files or the original csv, 48x48 grey."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fer_exp.datasets import build
from fer_exp.datasets.faces import Exclusion, Faces
from fer_exp.datasets.image_folder import folders, listed
from fer_exp.datasets.listing import fingerprint, root_folder
from fer_exp.datasets.schema import Fer2013Config, FolderConfig
from fer_exp.errors import DataError

CODES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # the csv's emotion column
COLUMNS = ("emotion", "pixels", "Usage")
SIDE = 48


def load(cfg: Fer2013Config, *, size: int, workers: int) -> Faces:
    """Folders (train, and test, validation or val) or fer2013.csv, which dataset.root may also name itself.

    Raises:
        DataError: neither is there, or faces cannot be used and cfg.on_bad is fail.
    """
    given = Path(cfg.root).expanduser() if cfg.root else None
    csv = given if given and given.suffix == ".csv" and given.is_file() else None
    root = csv.resolve().parent if csv else root_folder(cfg.root, "fer2013")
    if csv is None and not (root / "train").is_dir():
        csv = root / "fer2013.csv"
        if not csv.is_file():
            raise DataError(
                f"dataset.root={cfg.root}: no FER2013: expected train/<class>/ and test/<class>/ or fer2013.csv, "
                f"found {', '.join(folders(root)) or 'no folders'}"
            )
    if csv:
        stat = csv.stat()
        source = f"{csv.name} {stat.st_size} {stat.st_mtime_ns}"
        return build.table(cfg, root, source, lambda: _from_csv(cfg, csv))

    def make() -> Faces:
        options = FolderConfig("fer2013", cfg.root, classes=cfg.classes, test=cfg.test)
        listing, classes = listed(options, root)
        if "test" not in listing.parts:
            raise DataError(f"dataset.root={cfg.root}: found train, but none of test, validation, val")
        return build.from_files("fer2013", root, classes, listing, workers)

    return build.table(cfg, root, fingerprint(root), make)


def _from_csv(cfg: Fer2013Config, csv: Path) -> Faces:
    import pandas as pd

    try:
        table = pd.read_csv(csv, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{csv}: no readable csv ({error})") from error
    table.columns = [name.strip() for name in table.columns]
    if missing := [name for name in COLUMNS if name not in table.columns]:
        raise DataError(f"{csv}: lacks the column {missing[0]}; it has {', '.join(table.columns)}")
    usage = table["Usage"].str.strip()
    test = cfg.test or "PrivateTest"
    if test not in set(usage) or test == "Training":
        there = ", ".join(sorted(set(usage) - {"Training"}))
        raise DataError(f"dataset.test={test}: {csv.name} has {there}")
    classes = list(cfg.classes or sorted(CODES))
    wanted = np.flatnonzero(usage.isin(["Training", test]))
    pixels = np.zeros((len(wanted), SIDE, SIDE, 1), np.uint8)
    labels, good, bad = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool), []
    ids = np.array([f"{usage[row]}/{row}" for row in wanted], dtype=str)
    emotion, text = table["emotion"].to_list(), table["pixels"].to_list()
    for i, row in enumerate(tqdm(wanted, desc="Reading fer2013.csv", unit="", disable=len(wanted) < 500)):
        name, values = _name(emotion[row]), _pixels(text[row])
        if name not in classes:
            bad.append(Exclusion(ids[i], None, f"emotion {emotion[row]!r} is none of dataset.classes"))
        elif values is None:
            bad.append(Exclusion(ids[i], name, f"pixels are not {SIDE * SIDE} numbers of 0 to 255"))
        else:
            pixels[i, ..., 0], labels[i], good[i] = values, classes.index(name), True
    order = np.flatnonzero(good)
    order = order[np.argsort(usage.to_numpy()[wanted[order]] != "Training", kind="stable")]
    faces = Faces(
        name="fer2013",
        classes=tuple(classes),
        ids=ids[order],
        labels=labels[order],
        parts=np.where(usage.to_numpy()[wanted[order]] == "Training", "train", "test").astype("U5"),
        sizes=np.full((len(order), 2), SIDE, np.int32),
        digests=np.array([blake2b(p.tobytes(), digest_size=16).hexdigest() for p in pixels[order]], "S32"),
        landmarks=None,
        fingerprint="",
        pixels=pixels[order],
        excluded=bad,
    )
    return replace(faces, excluded=[*bad, *build.empty_classes(faces)])


def _name(code: str) -> str | None:
    code = code.strip()
    return CODES[int(code)] if code.isdecimal() and int(code) < len(CODES) else None


def _pixels(text: str) -> np.ndarray | None:
    try:
        values = np.array(text.split(), dtype=np.int64)
    except ValueError:
        return None
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        return None
    return values.reshape(SIDE, SIDE).astype(np.uint8)
