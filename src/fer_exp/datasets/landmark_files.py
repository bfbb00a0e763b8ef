"""Landmarks from a file, for datasets that come without (`dataset.landmarks=FILE.npz`)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path

import numpy as np

from fer_exp.errors import DataError
from fer_exp.system.archives import check_archive

POINTS = 68  # iBUG 300-W mark-up (Sagonas et al. 2013)


def landmark_file(given: str) -> Path:
    """dataset.landmarks as an absolute path.

    Raises:
        DataError: there is no such file.
    """
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        raise DataError(f"dataset.landmarks={given}: {path} is no file; give an .npz with `path` and `landmarks`")
    return path


def content(path: Path) -> str:
    """Hex digest of the file's content.

    Raises:
        DataError: it may not be read.
    """
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"dataset.landmarks={path}: cannot be read: {error.strerror}") from error


def match(path: Path, ids: Sequence[str]) -> np.ndarray:
    """The file's landmarks, one row per id.

    The file is an .npz with `path` (m,) str, relative to the dataset's root (or `Usage/row` of a csv; backslashes
    count as slashes), `landmarks` (m, 68, 2) or (m, 136) x0, y0, x1, ... of any float type, in pixels, and
    optionally `valid` (m,) bool. Rows without a picture are ignored.

    Returns:
        (n, 68, 2) float32; NaN where a picture has no row, where the row is not valid or not finite.

    Raises:
        DataError: no .npz, a missing array, one of the wrong kind or length, a path given twice, no path that
            matches.
    """
    paths, points = _read(path)
    rows = {name: row for row, name in enumerate(paths)}
    if len(rows) < len(paths):
        twice = next(name for row, name in enumerate(paths) if rows[name] != row)
        raise DataError(f"dataset.landmarks={path}: the path {twice!r} is there twice")
    at = np.array([rows.get(name, -1) for name in ids], np.int64)
    has = at >= 0
    if len(at) and not has.any():
        example = repr(paths[0]) if paths else "no path at all"
        raise DataError(
            f"dataset.landmarks={path}: no path in it is a picture of the dataset. The file has {example}, "
            f"the dataset {ids[0]!r}; `path` must be relative to dataset.root"
        )
    matched = np.full((len(at), POINTS, 2), np.nan, np.float32)
    matched[has] = points[at[has]]
    return matched


def check_fit(path: Path, landmarks: np.ndarray, sizes: np.ndarray) -> None:
    """Stop where landmarks (n, 68, 2) cannot belong to pictures of these sizes (n, 2) height, width.

    Single landmarks may lie outside a picture; the middle of most faces may not, and a face is wider than two
    pixels unless its points are fractions of the picture.

    Raises:
        DataError: they do not fit.
    """
    usable = np.isfinite(landmarks).all((1, 2))
    if not usable.any():
        return
    points, limits = landmarks[usable], sizes[usable][:, ::-1]
    middle = points.mean(1)
    outside = ((middle < 0) | (middle > limits)).any(1)
    tiny = np.ptp(points, axis=1).max(1) <= 2
    for wrong, what in ((outside, "lie outside their picture"), (tiny, "are at most 2 pixels large")):
        if wrong.mean() > 0.5:
            raise DataError(
                f"dataset.landmarks={path}: {wrong.sum()} of {len(wrong)} faces {what}: the landmarks must be in "
                "pixels of the stored pictures (x right, y down)"
            )


def _read(path: Path) -> tuple[list[str], np.ndarray]:
    """Paths with slashes, and (m, 68, 2) landmarks in the file's own float type, NaN rows where not usable."""
    where = f"dataset.landmarks={path}"
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in ("path", "landmarks", "valid") if key in file.files}
    except Exception as error:  # zipfile and NumPy raise of all kinds on damaged files
        raise DataError(
            f"{where}: no .npz file of plain arrays ({error}). Write it with "
            "numpy.savez(FILE, path=..., landmarks=..., valid=...), paths as str, not object"
        ) from error
    for key in ("path", "landmarks"):
        if key not in arrays:
            raise DataError(f"{where}: it lacks the array `{key}`; it must have `path` and `landmarks`")
    lengths = {key: len(array) if array.ndim else 0 for key, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise DataError(f"{where}: its arrays are of unequal length: {found}")
    paths, points = arrays["path"], arrays["landmarks"]
    if paths.ndim != 1 or paths.dtype.kind not in "US":
        raise DataError(f"{where}: `path` must be one str per face, not {paths.dtype} of shape {paths.shape}")
    if points.shape[1:] not in ((POINTS, 2), (POINTS * 2,)) or points.dtype.kind not in "fiu":
        raise DataError(
            f"{where}: `landmarks` must be numbers of shape (N, 68, 2) or (N, 136), "
            f"not {points.dtype} of shape {points.shape}"
        )
    if "valid" in arrays and (arrays["valid"].ndim != 1 or arrays["valid"].dtype.kind not in "biu"):
        raise DataError(f"{where}: `valid` must be one bool per face")
    points = points.reshape(-1, POINTS, 2)
    if points.dtype.kind != "f":
        points = points.astype(np.float32)
    usable = np.isfinite(points).all((1, 2)) & arrays.get("valid", np.ones(len(points), bool)).astype(bool)
    points[~usable] = np.nan
    names = np.char.decode(paths) if paths.dtype.kind == "S" else paths
    return [name.replace("\\", "/").removeprefix("./") for name in names.tolist()], points
