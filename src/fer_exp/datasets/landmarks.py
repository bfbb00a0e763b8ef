"""Landmarks from a file, for datasets that come without."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from fer_exp.errors import DataError


class LandmarkFile(NamedTuple):
    """Rows of a file: paths (n,) str and landmarks (n, 68, 2) float32, NaN where not valid."""

    file: Path
    paths: np.ndarray
    landmarks: np.ndarray

    def match(self, ids: np.ndarray) -> np.ndarray:
        """Landmarks of these faces, (m, 68, 2) float32, NaN where the file has no row.

        Raises:
            DataError: no path is the id of any face.
        """
        row_of = {path: row for row, path in enumerate(self.paths.tolist())}
        rows = np.array([row_of.get(i, -1) for i in ids.tolist()])
        if not (rows >= 0).any():
            raise DataError(
                f"dataset.landmarks={self.file}: none of its paths is a picture of this dataset; "
                f"it has for example '{self.paths[0]}', the dataset '{ids[0]}' (relative to dataset.root)"
            )
        found = np.full((len(ids), 68, 2), np.nan, np.float32)
        found[rows >= 0] = self.landmarks[rows[rows >= 0]]
        return found


def read(file: str) -> LandmarkFile:
    """A .npz file with `path` (n,), `landmarks` (n, 68, 2) or (n, 136) and, if it likes, `valid` (n,) bool.

    Landmarks are pixels of the stored picture in iBUG order; a row that is not valid or not finite has none.

    Raises:
        DataError: no such file, not that format, arrays that do not fit; pickled objects are refused.
    """
    key, path = f"dataset.landmarks={file}", Path(file).expanduser()
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in ("path", "landmarks", "valid") if name in data}
    except FileNotFoundError as error:
        raise DataError(f"{key}: no such file") from error
    except (OSError, ValueError, EOFError, BadZipFile, AttributeError, TypeError) as error:
        raise DataError(f"{key}: no readable .npz file with plain arrays ({error})") from error
    if missing := {"path", "landmarks"} - set(arrays):
        raise DataError(f"{key}: lacks the array '{sorted(missing)[0]}'; needs path, landmarks and perhaps valid")
    paths, points = arrays["path"], arrays["landmarks"]
    n = len(paths) if paths.ndim == 1 else -1
    if not n or points.shape not in ((n, 68, 2), (n, 136)) or arrays.get("valid", np.empty(n)).shape != (n,):
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"{key}: arrays that do not fit each other: {shapes}; needs (n,), (n, 68, 2), (n,)")
    if paths.dtype.kind == "S":
        paths = np.char.decode(paths, "utf-8")
    if paths.dtype.kind != "U" or points.dtype.kind not in "fiu":
        raise DataError(f"{key}: path must be text and landmarks numbers; they are {paths.dtype}, {points.dtype}")
    points = points.reshape(n, 68, 2).astype(np.float32)
    bad = ~np.isfinite(points).all((1, 2)) | ~arrays.get("valid", np.ones(n)).astype(bool)
    points[bad] = np.nan
    return LandmarkFile(path, np.char.replace(paths, "\\", "/"), points)
