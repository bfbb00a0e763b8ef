"""Where the occluder lies on every face of a dataset, whether or not the face has landmarks of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from fer_exp.config.occlusion import Fill, Missing, OcclusionConfig
from fer_exp.errors import ConfigError, DataError
from fer_exp.landmarks import geometry
from fer_exp.occlusion.filling import fill_in
from fer_exp.occlusion.painting import Texture, fill, paint, spans
from fer_exp.occlusion.polygons import transform
from fer_exp.occlusion.sampling import Draw, uniform

if TYPE_CHECKING:
    from fer_exp.datasets.faces import Faces

Shape = Callable[[np.ndarray, OcclusionConfig, Draw], np.ndarray]  # an occluder's function `polygons`

# Of faces cropped as in FER2013: where the eyes are and how wide the face is, in parts of the picture.
FRAME_CENTRE = (0.50, 0.39)
FRAME_WIDTH = 0.77
WHITE = (255, 255, 255)


@dataclass(frozen=True, eq=False)
class Placement:
    """The occluder of n faces.

    Attributes:
        polygons: (n, P, K, 2) float64 pixels, P convex polygons per face; NaN where `keep` is False.
        usable: (n,) bool, faces with usable landmarks of their own.
        keep: (n,) bool, faces that take part; the others belong in no variant, covered or not.
        color: (red, green, blue), 0 to 255.
        noise: the most by which a pixel's brightness differs from the colour's, 0 to 255.
        phase: (n,) int64, where each face's occluder begins in the noise; None without noise.
        fill: what is seen there in place of the occluder.
    """

    polygons: np.ndarray
    usable: np.ndarray
    keep: np.ndarray
    color: tuple[int, int, int] = (0, 0, 0)
    noise: int = 0
    phase: np.ndarray | None = None
    fill: Fill = Fill.color

    def take(self, rows: np.ndarray) -> Placement:
        """Return the occluder of these faces alone."""
        phase = None if self.phase is None else self.phase[rows]
        return replace(self, polygons=self.polygons[rows], usable=self.usable[rows], keep=self.keep[rows], phase=phase)

    def paint(
        self, images: np.ndarray, rows: np.ndarray, covered: np.ndarray, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Paint these faces' occluders on their pictures, and fill them in if that is asked for.

        See fer_exp.occlusion.painting.paint and fer_exp.occlusion.filling.fill_in.

        Args:
            images: (b, h, w, 1 or 3) uint8.
            rows: (b,) the faces that they show.
            covered: (b,) bool.
            out: array for the result; None makes a new one.
        """
        polygons = self.polygons[rows]
        painted = paint(images, polygons, covered, self.color, self._texture(rows), out)
        if self.fill is not Fill.color:
            hidden = paint(np.zeros((*images.shape[:3], 1), np.uint8), polygons, covered, WHITE)
            fill_in(painted, hidden[..., 0], self.fill)
        return painted

    def painters(self, rows: np.ndarray, sizes: np.ndarray) -> list[Callable[[np.ndarray], None]]:
        """Return a function for each face that paints its occluder in place on its picture, (h, w, 1 or 3) uint8.

        They do what `paint` does, three times as fast for single pictures: outlines are found for all at once.

        Args:
            rows: (m,) faces.
            sizes: (m, 2) height and width of their pictures.
        """
        painters: dict[int, Callable[[np.ndarray], None]] = {}
        for size in np.unique(sizes, axis=0):
            of_size = np.flatnonzero((sizes == size).all(axis=1))
            polygons = self.polygons[rows[of_size]]
            ends = [e.reshape(*polygons.shape[:2], -1) for e in spans(polygons.reshape(-1, *polygons.shape[2:]), *size)]
            for k, first, stop in zip(of_size.tolist(), *ends, strict=True):
                painters[k] = partial(self._fill, rows[k : k + 1], tuple(size), first, stop)
        return [painters[k] for k in range(len(rows))]

    def _fill(
        self, row: np.ndarray, size: tuple[int, int], first: np.ndarray, stop: np.ndarray, image: np.ndarray
    ) -> None:
        if image.shape[:2] != size:
            raise DataError(f"the picture now has {image.shape[:2]} pixels, not {size} as before")
        only = np.zeros(len(first), int)
        fill(image[None], only, first, stop, self.color, self._texture(row))
        if self.fill is not Fill.color:
            hidden = np.zeros((1, *size, 1), np.uint8)
            fill(hidden, only, first, stop, WHITE)
            fill_in(image[None], hidden[..., 0], self.fill)

    def _texture(self, rows: np.ndarray) -> Texture | None:
        return None if self.phase is None else Texture(self.noise, self.phase[rows])


def usable_rows(faces: Faces, placement: Placement | None, part: str) -> np.ndarray:
    """Return the rows of a part ("train" or "test") that are used, (m,) int64 in file order.

    Faces that occlusion.missing=skip leaves out belong to no variant, covered or not.
    """
    rows = faces.rows(part)
    return rows if placement is None else rows[placement.keep[rows]]


def place_occluder(
    landmarks: np.ndarray | None, sizes: np.ndarray, cfg: OcclusionConfig, ids: np.ndarray | None = None
) -> Placement:
    """Lay the occluder on every face.

    A face without usable landmarks (`geometry.usable`) is treated as `cfg.missing` says. `typical` and `frame`
    lend it landmarks, which every occluder then takes for the face's own:
    `typical` the median of each landmark over the faces that have them, in parts of the picture's width and height;
    `frame` an upright average face 0.77 of the picture wide, its eyes at (0.50, 0.39) of width and height.
    `skip` leaves the face out.

    The occluder's own shape is then scaled by `cfg.scale` about its centre, shifted by `cfg.shift` and, for each
    face, varied by what `cfg.jitter` and `cfg.seed` draw: normal deviates with that standard deviation for both
    directions (widths of the face), the turn (radians) and the logarithm of the size.

    A dataset without any landmarks can still train and test on uncovered faces: this is not called then.

    Args:
        landmarks: (n, 68, 2) pixels in iBUG order, NaN for faces that have none; None where no face has any.
        sizes: (n, 2) height and width of each picture in pixels.
        cfg: the occluder; its shape is fer_exp.occlusion.<cfg.kind>.polygons.
        ids: (n,) the faces' ids, which determine what is drawn for each; None takes their rows instead.

    Raises:
        DataError: no face has usable landmarks and `cfg.missing` needs some, or a picture is covered whole and
            `cfg.fill` needs some of it.
        ConfigError: `cfg.kind` is not an occluder.
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
        return _adjust(shape(points, cfg, draw), points, cfg, draw)

    with np.errstate(invalid="ignore", divide="ignore"):  # rows without usable landmarks are replaced below
        polygons = lay(landmarks, ids)
    missing = ~usable
    polygons[missing] = np.nan
    if missing.any() and cfg.missing is not Missing.skip:
        if cfg.missing is Missing.typical:
            lent_landmarks = _to_pixels(_median_face(landmarks[usable], sizes[usable]), sizes[missing])
        else:
            lent_landmarks = framed_landmarks(sizes[missing])
        polygons[missing] = lay(lent_landmarks, ids[missing])
    phase = (uniform(ids, cfg.seed, "noise", 1)[:, 0] * 2**31).astype(np.int64) if cfg.noise else None
    keep = usable | (cfg.missing is not Missing.skip)
    red, green, blue = cfg.color
    if cfg.fill is not Fill.color:
        _check_visible(polygons, sizes, keep, ids, cfg.fill)
    return Placement(polygons, usable, keep, (red, green, blue), cfg.noise, phase, cfg.fill)


def _check_visible(polygons: np.ndarray, sizes: np.ndarray, keep: np.ndarray, ids: np.ndarray, how: Fill) -> None:
    """Raise DataError where a polygon covers a whole picture: nothing is visible then to fill it in from."""
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * (sizes[:, None, ::-1] - 1)  # (n, 4, 2)
    edges = np.roll(polygons, -1, axis=2) - polygons
    to_corner = corners[:, None, None] - polygons[:, :, :, None]  # (n, P, K, 4, 2)
    side = edges[..., None, 0] * to_corner[..., 1] - edges[..., None, 1] * to_corner[..., 0]
    inside = (side >= 0).all((2, 3)) | (side <= 0).all((2, 3))
    if (whole := keep & inside.any(1)).any():
        first = ids[np.flatnonzero(whole)[0]]
        raise DataError(
            f"occlusion.fill={how.name}: {whole.sum()} pictures are covered whole ({first} is the first), so that "
            "nothing is left to fill them in from; use occlusion.fill=color, or a smaller occlusion.scale"
        )


def _shape(kind: str) -> Shape:
    name = f"{__package__}.{kind}"
    shape: Shape | None = None
    try:
        shape = getattr(import_module(name), "polygons", None)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):  # the occluder exists, but not what it imports
            raise
    if shape is None:
        raise ConfigError(
            f"occlusion.kind={kind}: there is no such occluder; it would be {name} with a function polygons"
        )
    return shape


def _adjust(polygons: np.ndarray, landmarks: np.ndarray, cfg: OcclusionConfig, draw: Draw) -> np.ndarray:
    """Apply the scale, shift and jitter that every occluder has."""
    if cfg.scale == 1 and not any(cfg.shift) and not cfg.jitter:
        return polygons
    jitter = ndtri(draw("jitter", 4)) * cfg.jitter if cfg.jitter else np.zeros((len(landmarks), 4))
    scale, shift = cfg.scale * np.exp(jitter[:, 3]), np.array(cfg.shift) + jitter[:, :2]
    return transform(polygons, landmarks, scale, shift, jitter[:, 2])


def _to_pixels(parts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Convert points (k, 2) in parts of width and height to pixels of each picture, (n, k, 2) float64."""
    pixels: np.ndarray = parts * sizes[:, None, ::-1] - 0.5
    return pixels


def framed_landmarks(sizes: np.ndarray) -> np.ndarray:
    """Return the landmarks of the average face that `frame` puts into pictures of these sizes, (n, 68, 2) pixels."""
    return _to_pixels(np.array([FRAME_CENTRE]), sizes) + geometry.AVERAGE_FACE * (FRAME_WIDTH * sizes[:, 1, None, None])


def _median_face(landmarks: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the median of each landmark in parts of the picture's width and height, (68, 2) float64."""
    # Point by point: all at once would take 1 GB for 300 000 faces.
    points = (landmarks[:, k].astype(np.float64) for k in range(landmarks.shape[1]))
    return np.stack([np.median((point + 0.5) / sizes[:, ::-1], axis=0) for point in points])
