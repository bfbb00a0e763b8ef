"""AffectNet (Mollahosseini, Hasani and Mahoor 2017): as distributed, or sorted into class folders."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fer_exp.datasets import build
from fer_exp.datasets.faces import Exclusion, Faces
from fer_exp.datasets.listing import Listing, fingerprint, folders, pictures, read_part, root_folder
from fer_exp.datasets.npy import read_npy
from fer_exp.datasets.schema import AffectNetConfig
from fer_exp.errors import DataError

# position = expression code, as the dataset's readme has it
CODES = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
FOLDERS = {"train": ("train_set", "train"), "test": ("val_set", "val", "test")}
CHUNK = 512
FEW = 4000  # below this, starting processes costs more than it saves


def load(cfg: AffectNetConfig, *, size: int, workers: int) -> Faces:
    """{train_set,val_set}/images/ID.jpg with annotations/ID_{exp,lnd}.npy, or /<code or class name>/ID.jpg.

    Its val_set is the test part. Class `i` of cfg.classes is expression code `i`: the order is configuration.

    Raises:
        DataError: it is no AffectNet, holds covered copies, or has unusable faces and cfg.on_bad is fail.
    """
    root = root_folder(cfg.root, "affectnet")
    parts = {part: next((n for n in names if (root / n).is_dir()), None) for part, names in FOLDERS.items()}
    if None in parts.values():
        raise DataError(
            f"dataset.root={cfg.root}: no AffectNet: expected train_set/ and val_set/, each with images/ and "
            f"annotations/ or a folder per class; found {', '.join(folders(root)) or 'no folders'}"
        )
    classes = list(cfg.classes or CODES)

    def make() -> Faces:
        listing = _annotated(root, parts, classes, workers) or _sorted(root, parts, classes)
        covered = [i for i in listing.ids if Path(i).stem.endswith("_occ")]
        if covered:
            raise DataError(
                f"{root / covered[0]} and {len(covered) - 1} more are covered copies (ID_occ): fer-exp covers faces "
                "itself, data=occluded; give the folder with the uncovered pictures alone"
            )
        return build.from_files("affectnet", root, classes, listing, workers)

    return build.table(cfg, root, fingerprint(root), make)


def _sorted(root: Path, parts: dict[str, str], classes: list[str]) -> Listing:
    names = {str(code): code for code in range(len(classes))} | {name: code for code, name in enumerate(classes)}
    listing = Listing()
    for part, folder in parts.items():
        if not set(folders(root / folder)) & set(names):
            raise DataError(
                f"{root / folder}: expected images/ and annotations/, or class folders {', '.join(names)}; "
                f"found {', '.join(folders(root / folder)) or 'no folders'}"
            )
        read_part(listing, root, folder, part, names, classes)
    return listing


def _annotated(root: Path, parts: dict[str, str], classes: list[str], workers: int) -> Listing | None:
    """Labels and landmarks of the .npy files; None where there are none."""
    if not all((root / folder / "annotations").is_dir() for folder in parts.values()):
        return None
    listing, points, jobs = Listing(), [], []
    for part, folder in parts.items():
        images = root / folder / "images"
        if not images.is_dir():
            raise DataError(f"{root / folder}: annotations/ without images/")
        found, other = pictures(images)
        listing.bad += [Exclusion(f"{folder}/images/{f}", None, "no .jpg, .jpeg or .png file") for f in other]
        found.sort()
        jobs += [(part, folder, found[at : at + CHUNK]) for at in range(0, len(found), CHUNK)]
    arguments = [
        ([n.rsplit(".", 1)[0] for n in names], str(root / folder / "annotations")) for _, folder, names in jobs
    ]
    total = sum(len(names) for *_, names in jobs)
    with tqdm(total=total, desc="Reading annotations", unit="", disable=total < 500) as bar:
        for (part, folder, names), (codes, landmarks) in zip(jobs, _each(arguments, total, workers), strict=True):
            bar.update(len(names))
            for name, code, marks in zip(names, codes, landmarks, strict=True):
                face = f"{folder}/images/{name}"
                if isinstance(code, str):
                    listing.bad.append(Exclusion(face, None, code))
                elif not 0 <= code < len(classes):
                    reason = f"expression code {code} is none of dataset.classes=[{','.join(classes)}]"
                    listing.bad.append(Exclusion(face, None, reason))
                else:
                    listing.add([face], code, part)
                    points.append(marks)
    listing.landmarks = np.stack(points) if points else None
    return listing


def _each(arguments: list, total: int, workers: int):
    if workers < 2 or total < FEW:
        yield from map(read_annotations, arguments)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(read_annotations, arguments)


def read_annotations(job: tuple[list[str], str]) -> tuple[list[int | str], np.ndarray]:
    """Of each id: its expression code, or what is wrong with it; landmarks (n, 68, 2) float32, NaN without.

    Codes are text, bytes or numbers, of shape () or (1,); landmarks (136,) = x0, y0, x1, ... or (68, 2).
    """
    ids, folder = job
    codes: list[int | str] = []
    landmarks = np.full((len(ids), 68, 2), np.nan, np.float32)
    for i, name in enumerate(ids):
        try:
            codes.append(int(float(read_npy(f"{folder}/{name}_exp.npy").reshape(-1)[0])))
        except FileNotFoundError:
            codes.append("no annotation _exp.npy")
        except (OSError, ValueError, IndexError, TypeError):
            codes.append("unreadable annotation _exp.npy")
        try:
            marks = read_npy(f"{folder}/{name}_lnd.npy").astype(np.float32)
            if marks.size == 136 and np.isfinite(marks).all():
                landmarks[i] = marks.reshape(68, 2)
        except (OSError, ValueError, TypeError):
            continue  # a face without landmarks: occlusion.missing says what becomes of it
    return codes, landmarks
