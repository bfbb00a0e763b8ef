"""Where the occluder lies on every face of a dataset, with and without landmarks of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module

import numpy as np
from scipy.special import ndtri

from fer_exp.config.occlusion import Missing, OcclusionConfig
from fer_exp.errors import ConfigError, DataError
from fer_exp.landmarks import geometry
from fer_exp.occlusion.painting import Texture, fill, paint, spans
from fer_exp.occlusion.polygons import moved
from fer_exp.occlusion.sampling import Draw, uniform

# Of faces cropped as in FER2013: where the eyes are and how wide the face is, in parts of the picture.
FRAME_CENTRE = (0.50, 0.39)
FRAME_WIDTH = 0.77


@dataclass(frozen=True, eq=False)
class Cover:
    """The occluder of n faces.

    Attributes:
        polygons: (n, P, K, 2) float64 pixels, P convex polygons per face; NaN where `keep` is False.
        usable: (n,) bool, faces with usable landmarks of their own.
        keep: (n,) bool, faces that take part; the others belong in no variant, covered or not.
        color: (red, green, blue), 0 to 255.
        noise: most that a pixel's brightness differs from the colour's, 0 to 255.
        phase: (n,) int64, where in the noise each face's occluder begins; None without noise.
    """

    polygons: np.ndarray
    usable: np.ndarray
    keep: np.ndarray
    color: tuple[int, int, int] = (0, 0, 0)
    noise: int = 0
    phase: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Cover:
        """The occluder of these faces alone."""
        phase = None if self.phase is None else self.phase[rows]
        return replace(self, polygons=self.polygons[rows], usable=self.usable[rows], keep=self.keep[rows], phase=phase)

    def paint(
        self, images: np.ndarray, rows: np.ndarray, covered: np.ndarray, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Paint these faces' occluders on their pictures; see fer_exp.occlusion.painting.paint.

        Args:
            images: (b, h, w, 1 or 3) uint8.
            rows: (b,) which faces these are.
            covered: (b,) bool.
            out: takes the result; None makes a new array.
        """
        return paint(images, self.polygons[rows], covered, self.color, self._texture(rows), out)

    def painters(self, rows: np.ndarray, sizes: np.ndarray) -> list[Callable[[np.ndarray], None]]:
        """For each of these faces what paints its occluder in place on its picture, (h, w, 1 or 3) uint8.

        As `paint` does, three times as fast for pictures that come one by one: outlines are found for all at once.

        Args:
            rows: (m,) faces.
            sizes: (m, 2) height and width of their pictures.
        """
        found: list = [None] * len(rows)
        for size in np.unique(sizes, axis=0):
            at = np.flatnonzero((sizes == size).all(axis=1))
            polygons = self.polygons[rows[at]]
            ends = [e.reshape(*polygons.shape[:2], -1) for e in spans(polygons.reshape(-1, *polygons.shape[2:]), *size)]
            for k, first, stop in zip(at, *ends, strict=True):
                found[k] = partial(self._fill, rows[k : k + 1], tuple(size), first, stop)
        return found

    def _fill(
        self, row: np.ndarray, size: tuple[int, int], first: np.ndarray, stop: np.ndarray, image: np.ndarray
    ) -> None:
        if image.shape[:2] != size:
            raise DataError(f"the picture has {image.shape[:2]} pixels, not {size} as it had")
        fill(image[None], np.zeros(len(first), int), first, stop, self.color, self._texture(row))

    def _texture(self, rows: np.ndarray) -> Texture | None:
        return None if self.phase is None else Texture(self.noise, self.phase[rows])


def place(
    landmarks: np.ndarray | None, sizes: np.ndarray, cfg: OcclusionConfig, ids: np.ndarray | None = None
) -> Cover:
    """Lay the occluder on every face.

    A face without usable landmarks (`geometry.usable`) is treated as `cfg.missing` says. `typical` and `frame`
    lend it landmarks, which any occluder then takes for its own:
    `typical` the median of each landmark over the faces that have them, in parts of the picture's width and height;
    `frame` an upright average face 0.77 of the picture wide, its eyes at (0.50, 0.39) of width and height.
    `skip` leaves the face out.

    The occluder's own shape is then made larger by `cfg.scale` about its centre, moved by `cfg.shift` and, face by
    face, by what `cfg.jitter` and `cfg.seed` draw: normal deviates of that standard deviation for both directions
    (widths of the face), the turn (radians) and the logarithm of the size.

    A dataset without any landmarks can still train and test on uncovered faces: do not call this then.

    Args:
        landmarks: (n, 68, 2) pixels in iBUG order, NaN for faces that have none; None where no face has any.
        sizes: (n, 2) height and width of each picture in pixels.
        cfg: the occluder; its shape is fer_exp.occlusion.<cfg.kind>.polygons.
        ids: (n,) the faces' ids, which say what is drawn for each; None: their rows do.

    Raises:
        DataError: no face has usable landmarks and `cfg.missing` needs some.
        ConfigError: `cfg.kind` is no occluder.
    """
    shape = _shape(cfg.kind)
    ids = np.arange(len(sizes)) if ids is None else np.asarray(ids)
    if landmarks is None:
        landmarks = np.full((len(sizes), 68, 2), np.nan, np.float32)
    if landmarks.shape != (len(sizes), 68, 2):
        raise ValueError(f"landmarks {landmarks.shape} for {len(sizes)} pictures: needs ({len(sizes)}, 68, 2)")
    usable = geometry.usable(landmarks)
    if not usable.any() and cfg.missing is not Missing.frame:
        raise DataError(
            f"no face has usable landmarks, and occlusion.missing={cfg.missing.name} needs some: find them with "
            "dataset.landmarks=auto, give them with dataset.landmarks=FILE.npz, or, for pictures cropped to the face, "
            "set occlusion.missing=frame"
        )

    def lay(points: np.ndarray, names: np.ndarray) -> np.ndarray:
        draw = partial(uniform, names, cfg.seed)
        return _tuned(shape(points, cfg, draw), points, cfg, draw)

    with np.errstate(invalid="ignore", divide="ignore"):  # the rows that this is about are replaced below
        polygons = lay(landmarks, ids)
    missing = ~usable
    polygons[missing] = np.nan
    if missing.any() and cfg.missing is not Missing.skip:
        if cfg.missing is Missing.typical:
            lent = _pixels(_median_face(landmarks[usable], sizes[usable]), sizes[missing])
        else:
            lent = framed(sizes[missing])
        polygons[missing] = lay(lent, ids[missing])
    phase = (uniform(ids, cfg.seed, "noise", 1)[:, 0] * 2**31).astype(np.int64) if cfg.noise else None
    keep = usable | (cfg.missing is not Missing.skip)
    return Cover(polygons, usable, keep, tuple(cfg.color), cfg.noise, phase)


def _shape(kind: str) -> Callable[[np.ndarray, OcclusionConfig, Draw], np.ndarray]:
    name = f"{__package__}.{kind}"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if not name.startswith(error.name):  # the occluder exists, something that it imports does not
            raise
        module = None
    if not hasattr(module, "polygons"):
        raise ConfigError(f"occlusion.kind={kind}: no occluder; it would be {name} with a function polygons")
    return module.polygons


def _tuned(polygons: np.ndarray, landmarks: np.ndarray, cfg: OcclusionConfig, draw: Draw) -> np.ndarray:
    """The occluder's shape with the scale, shift and jitter that every occluder has."""
    if cfg.scale == 1 and not any(cfg.shift) and not cfg.jitter:
        return polygons
    drawn = ndtri(draw("jitter", 4)) * cfg.jitter if cfg.jitter else np.zeros((len(landmarks), 4))
    return moved(polygons, landmarks, cfg.scale * np.exp(drawn[:, 3]), np.array(cfg.shift) + drawn[:, :2], drawn[:, 2])


def _pixels(parts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Points (k, 2) in parts of width and height as pixels of each picture, (n, k, 2) float64."""
    return np.atleast_2d(parts) * sizes[:, None, ::-1] - 0.5


def framed(sizes: np.ndarray) -> np.ndarray:
    """Landmarks of the average face where `frame` has it in pictures of these sizes, (n, 68, 2) pixels."""
    return _pixels(FRAME_CENTRE, sizes) + geometry.AVERAGE_FACE * (FRAME_WIDTH * sizes[:, 1, None, None])


def _median_face(landmarks: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Median of each landmark in parts of the picture's width and height, (68, 2) float64."""
    # Point by point: all at once would take 1 GB for 300 000 faces.
    points = (landmarks[:, k].astype(np.float64) for k in range(landmarks.shape[1]))
    return np.stack([np.median((point + 0.5) / sizes[:, ::-1], axis=0) for point in points])
