"""Where the occluder lies on every face of a dataset, with and without landmarks of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from fer_exp.errors import ConfigError, DataError
from fer_exp.occlusion import geometry
from fer_exp.occlusion.schema import Missing, OcclusionConfig

# Of faces cropped as in FER2013: where the eyes are and how wide the face is, in parts of the picture.
FRAME_CENTRE = (0.50, 0.39)
FRAME_WIDTH = 0.77


@dataclass(frozen=True, eq=False)
class Cover:
    """The occluder of n faces.

    Attributes:
        corners: (n, K, 2) float64 pixels, a convex polygon per face; NaN where `keep` is False.
        usable: (n,) bool, faces with usable landmarks of their own.
        keep: (n,) bool, faces that take part; the others belong in no variant, covered or not.
    """

    corners: np.ndarray
    usable: np.ndarray
    keep: np.ndarray


def place(landmarks: np.ndarray | None, sizes: np.ndarray, cfg: OcclusionConfig) -> Cover:
    """Lay the occluder on every face.

    A face without usable landmarks (`geometry.usable`) is treated as `cfg.missing` says. `typical` and `frame`
    lend it landmarks, which any occluder then takes for its own:
    `typical` the median of each landmark over the faces that have them, in parts of the picture's width and height;
    `frame` an upright average face 0.77 of the picture wide, its eyes at (0.50, 0.39) of width and height.
    `skip` leaves the face out.

    A dataset without any landmarks can still train and test on uncovered faces: do not call this then.

    Args:
        landmarks: (n, 68, 2) pixels in iBUG order, NaN for faces that have none; None where no face has any.
        sizes: (n, 2) height and width of each picture in pixels.
        cfg: the occluder; its shape is fer_exp.occlusion.<cfg.kind>.corners.

    Raises:
        DataError: no face has usable landmarks and `cfg.missing` needs some.
        ConfigError: `cfg.kind` is no occluder.
    """
    shape = _shape(cfg.kind)
    if landmarks is None:
        landmarks = np.full((len(sizes), 68, 2), np.nan, np.float32)
    if landmarks.shape != (len(sizes), 68, 2):
        raise ValueError(f"landmarks {landmarks.shape} for {len(sizes)} pictures: needs ({len(sizes)}, 68, 2)")
    usable = geometry.usable(landmarks)
    if not usable.any() and cfg.missing is not Missing.frame:
        raise DataError(
            f"no face has usable landmarks, and occlusion.missing={cfg.missing.name} needs some: give them with "
            "dataset.landmarks=FILE.npz, or, for pictures cropped to the face, set occlusion.missing=frame"
        )
    with np.errstate(invalid="ignore", divide="ignore"):  # the rows that this is about are replaced below
        corners = shape(landmarks, cfg)
    missing = ~usable
    corners[missing] = np.nan
    if missing.any() and cfg.missing is not Missing.skip:
        if cfg.missing is Missing.typical:
            lent = _pixels(_median_face(landmarks[usable], sizes[usable]), sizes[missing])
        else:
            lent = _pixels(FRAME_CENTRE, sizes[missing]) + _frame_face(sizes[missing])
        corners[missing] = shape(lent, cfg)
    return Cover(corners, usable, keep=usable | (cfg.missing is not Missing.skip))


def _shape(kind: str) -> Callable[[np.ndarray, OcclusionConfig], np.ndarray]:
    name = f"{__package__}.{kind}"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if not name.startswith(error.name):  # the occluder exists, something that it imports does not
            raise
        module = None
    if not hasattr(module, "corners"):
        raise ConfigError(f"occlusion.kind={kind}: no occluder; it would be {name} with a function corners")
    return module.corners


def _pixels(parts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Points (k, 2) in parts of width and height as pixels of each picture, (n, k, 2) float64."""
    return np.atleast_2d(parts) * sizes[:, None, ::-1] - 0.5


def _frame_face(sizes: np.ndarray) -> np.ndarray:
    """The average face as wide as `frame` has it, relative to its eye centre, (n, 68, 2) pixels."""
    return geometry.AVERAGE_FACE * (FRAME_WIDTH * sizes[:, 1, None, None])


def _median_face(landmarks: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Median of each landmark in parts of the picture's width and height, (68, 2) float64."""
    # Point by point: all at once would take 1 GB for 300 000 faces.
    points = (landmarks[:, k].astype(np.float64) for k in range(landmarks.shape[1]))
    return np.stack([np.median((point + 0.5) / sizes[:, ::-1], axis=0) for point in points])
