"""Landmarks from a file, for datasets that come without any (`dataset.landmarks=FILE.npz`)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path

import numpy as np

from fer_exp.errors import DataError, one_line
from fer_exp.system.archives import check_archive

POINTS = 68  # iBUG 300-W mark-up (Sagonas et al. 2013)


def landmark_file(value: str) -> Path:
    """Return dataset.landmarks as an absolute path.

    Raises:
        DataError: there is no such file.
    """
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        raise DataError(f"dataset.landmarks={value}: {path} is not a file; give an .npz with `path` and `landmarks`")
    return path


def content_digest(path: Path) -> str:
    """Return a hex digest of the file's content.

    Raises:
        DataError: it may not be read.
    """
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"dataset.landmarks={path}: cannot be read: {error.strerror}") from error


def match(path: Path, ids: Sequence[str]) -> np.ndarray:
    """Return the file's landmarks, one row per id.

    The file is an .npz with `path` (m,) str, relative to the dataset's root (or `Usage/row` of a csv; backslashes
    count as slashes), `landmarks` (m, 68, 2) or (m, 136) x0, y0, x1, ... of any float type, in pixels, and
    optionally `valid` (m,) bool. Rows without a picture are ignored.

    Returns:
        (n, 68, 2) float32; NaN where a picture has no row, or one that is not valid or not finite.

    Raises:
        DataError: it is not an .npz, an array is missing or of the wrong kind or length, a path occurs twice, or no
            path matches.
    """
    paths, points = _read(path)
    rows = {name: row for row, name in enumerate(paths)}
    if len(rows) < len(paths):
        repeated = next(name for row, name in enumerate(paths) if rows[name] != row)
        raise DataError(f"dataset.landmarks={path}: the path {repeated!r} is there twice")
    file_rows = np.array([rows.get(name, -1) for name in ids], np.int64)
    has_row = file_rows >= 0
    if len(file_rows) and not has_row.any():
        example = repr(paths[0]) if paths else "no path at all"
        raise DataError(
            f"dataset.landmarks={path}: no path in it is a picture of the dataset. The file has {example}, "
            f"the dataset {ids[0]!r}; `path` must be relative to dataset.root"
        )
    matched = np.full((len(file_rows), POINTS, 2), np.nan, np.float32)
    matched[has_row] = points[file_rows[has_row]]
    return matched


def check_fit(path: Path, landmarks: np.ndarray, sizes: np.ndarray) -> None:
    """Raise DataError where landmarks (n, 68, 2) cannot belong to pictures of these sizes (n, 2) height, width.

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
    """Return paths with slashes, and (m, 68, 2) float32 landmarks, NaN rows where not usable."""
    key_and_path = f"dataset.landmarks={path}"
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in ("path", "landmarks", "valid") if key in file.files}
        if wrong := [key for key, array in arrays.items() if not isinstance(array, np.ndarray)]:
            raise ValueError(f"`{wrong[0]}` is no array")
        paths = _text(arrays["path"]) if "path" in arrays else np.array([])
    except Exception as error:  # zipfile and NumPy raise errors of all kinds on damaged files
        raise DataError(
            f"{key_and_path}: not an .npz file of plain arrays ({one_line(error)}). Write it with "
            "numpy.savez(FILE, path=..., landmarks=..., valid=...), paths as str, not object"
        ) from error
    for key in ("path", "landmarks"):
        if key not in arrays:
            raise DataError(f"{key_and_path}: it lacks the array `{key}`; it must have `path` and `landmarks`")
    lengths = {key: len(array) if array.ndim else 0 for key, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise DataError(f"{key_and_path}: its arrays are of unequal length: {listed}")
    points = arrays["landmarks"]
    if paths.ndim != 1 or paths.dtype.kind != "U":
        raise DataError(f"{key_and_path}: `path` must be one str per face, not {paths.dtype} of shape {paths.shape}")
    if points.shape[1:] not in ((POINTS, 2), (POINTS * 2,)) or points.dtype.kind not in "fiu":
        raise DataError(
            f"{key_and_path}: `landmarks` must be numbers of shape (N, 68, 2) or (N, 136), "
            f"not {points.dtype} of shape {points.shape}"
        )
    if "valid" in arrays and (arrays["valid"].ndim != 1 or arrays["valid"].dtype.kind not in "biu"):
        raise DataError(f"{key_and_path}: `valid` must be one bool per face")
    with np.errstate(over="ignore"):  # infinite then, and not usable
        points = points.reshape(-1, POINTS, 2).astype(np.float32, copy=False)
    usable = np.isfinite(points).all((1, 2)) & arrays.get("valid", np.ones(len(points), bool)).astype(bool)
    points[~usable] = np.nan
    return [name.replace("\\", "/").removeprefix("./") for name in paths.tolist()], points


def _text(paths: np.ndarray) -> np.ndarray:
    """Return paths as str; raise ValueError where they are not UTF-8, or not Unicode."""
    if paths.dtype.kind == "S":
        return np.char.decode(paths, "utf-8")
    try:
        paths.tolist()
    except SystemError as error:
        raise ValueError("`path` is not valid text") from error
    return paths
