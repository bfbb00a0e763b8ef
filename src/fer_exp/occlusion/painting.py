"""The one painter, for batches in memory and for files (a file is a batch of one)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

GRAIN = 256  # pixels after which noise repeats
TOLERANCE = 1e-6  # pixels; far above float64's rounding, far below anything visible


class Texture(NamedTuple):
    """Grain of an occluder: brightness varies by up to `noise`; `phase` (b,) is where each picture's grain begins."""

    noise: int
    phase: np.ndarray


def paint(
    images: np.ndarray,
    polygons: np.ndarray,
    covered: np.ndarray,
    color: Sequence[int],
    texture: Texture | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Fill convex polygons in some images of a batch.

    A pixel is filled if its centre (whole-number coordinates, as in OpenCV and matplotlib's imshow) lies inside
    a closed polygon or at most `TOLERANCE` beyond one of its edges, so that corners which rounding moved off a
    whole number change no pixel. There is no antialiasing. What a pixel is filled with depends on its position,
    the colour and the texture alone.

    Args:
        images: (b, h, w, c) uint8, c = 3 (RGB) or 1 (grey); only read, may be a read-only memory map.
        polygons: (b, P, K, 2) float pixels (x right, y down), K >= 3, in order around a convex polygon, either way
            round; may lie outside the image or on top of each other. Rows that are not covered are not read.
        covered: (b,) bool.
        color: (red, green, blue), 0 to 255; a grey image gets its luma (ITU-R BT.601).
        texture: grain of the fill; None fills evenly.
        out: (b, h, w, c) uint8, C-contiguous, for the result; `out=images` paints in place.

    Returns:
        `out`, or a new (b, h, w, c) uint8 array.

    Raises:
        ValueError: shapes or types do not fit, or a covered image has corners that are not finite.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise ValueError(f"images {images.shape} {images.dtype}: needs (b, h, w, 1 or 3) uint8")
    batch, height, width, _ = images.shape
    if polygons.shape != (batch, *polygons.shape[1:3], 2) or np.shape(covered) != (batch,):
        raise ValueError(
            f"polygons {polygons.shape}, covered {np.shape(covered)}: needs ({batch}, P, K, 2), ({batch},)"
        )
    if out is None:
        out = np.array(images, order="C")
    elif out.dtype != np.uint8 or out.shape != images.shape or not out.flags.c_contiguous:
        raise ValueError(f"out {out.shape} {out.dtype}: needs C-contiguous uint8 {images.shape}")
    elif out is not images:
        out[...] = images
    rows = np.flatnonzero(covered)
    if rows.size and out.size:
        first, stop = spans(polygons[rows].reshape(-1, *polygons.shape[2:]), height, width)
        fill(out, np.repeat(rows, polygons.shape[1]), first, stop, color, texture)
    return out


def fill(
    out: np.ndarray,
    rows: np.ndarray,
    first: np.ndarray,
    stop: np.ndarray,
    color: Sequence[int],
    texture: Texture | None = None,
) -> None:
    """Fill the spans that `spans` returns, in place: for many pictures of one size they can be found at once.

    Args:
        out: (b, h, w, 1 or 3) uint8, C-contiguous.
        rows: (m,) the picture of the batch that each polygon lies on.
        first: (m, h) of the polygons.
        stop: (m, h) of the polygons.
        color: as in `paint`.
        texture: as in `paint`, with one phase per picture.
    """
    height, width, channels = out.shape[1:]
    line_start = (rows[:, None] * height + np.arange(height)) * width  # in the flat batch
    filled = stop > first
    starts, stops = (((line_start + x)[filled] * channels).tolist() for x in (first, stop))
    pixels = out.reshape(-1).data  # a memoryview fills a slice in half of numpy's time
    if texture is None:
        stripe = np.tile(np.array(_channels(color, channels), np.uint8), width).data
        for start, end in zip(starts, stops, strict=True):
            pixels[start:end] = stripe[: end - start]
        return
    grain = _grain(tuple(color), texture.noise, channels, width).reshape(-1).data
    right, down = texture.phase[rows] % GRAIN, texture.phase[rows] // GRAIN
    line = (down[:, None] + np.arange(height)) % GRAIN
    offsets = ((line * (width + GRAIN) + right[:, None] + first)[filled] * channels).tolist()
    for start, end, offset in zip(starts, stops, offsets, strict=True):
        pixels[start:end] = grain[offset : offset + end - start]


@lru_cache(maxsize=8)
def _grain(color: tuple[int, ...], noise: int, channels: int, width: int) -> np.ndarray:
    """Return the colour with noise that is always the same, repeated to (GRAIN, width + GRAIN, channels) uint8."""
    tile = np.random.default_rng(0).integers(-noise, noise, (GRAIN, GRAIN, 1), endpoint=True)
    tile = np.clip(np.array(_channels(color, channels)) + tile, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.take(tile, np.arange(width + GRAIN), axis=1, mode="wrap"))


def spans(corners: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns inside convex polygons (n, K, 2), row by row: `first`, `stop` (exclusive), (n, height) int64.

    A row without pixels inside has stop <= first. Every edge bounds a row on one side; so does the bounding
    box, which matters for level edges and for polygons without area.

    Raises:
        ValueError: a corner is not finite.
    """
    corners = np.asarray(corners, np.float64)
    if not np.isfinite(corners).all():
        raise ValueError("corners of a covered image are not finite")
    edges = np.roll(corners, -1, axis=1) - corners
    slack = TOLERANCE * np.hypot(edges[..., 0], edges[..., 1])
    spokes = corners - corners[:, :1]
    area = np.sum(spokes[..., 0] * edges[..., 1] - spokes[..., 1] * edges[..., 0], axis=1)
    edges *= np.where(area < 0, -1.0, 1.0)[:, None, None]

    y = np.arange(height, dtype=np.float64)
    low, high = corners.min(axis=1) - TOLERANCE, corners.max(axis=1) + TOLERANCE
    inside = (y >= low[:, 1:]) & (y <= high[:, 1:])
    left, right = np.repeat(low[:, :1], height, 1), np.repeat(high[:, :1], height, 1)
    for k in range(corners.shape[1]):
        x0, y0, dx, dy = (v[:, None] for v in (*corners[:, k].T, *edges[:, k].T))
        # Inside the edge means dy * (x - x0) <= room; `low` and `high` take care of level edges (dy = 0).
        room = dx * (y - y0) + slack[:, k, None]
        bound = x0 + np.divide(room, dy, out=np.zeros_like(room), where=dy != 0)
        np.minimum(right, bound, out=right, where=dy > 0)
        np.maximum(left, bound, out=left, where=dy < 0)
    first = np.ceil(np.clip(left, 0, width)).astype(np.int64)
    stop = np.floor(np.clip(right, -1, width - 1)).astype(np.int64) + 1
    return first, np.where(inside, stop, 0)


def _channels(color: Sequence[int], channels: int) -> list[int]:
    red, green, blue = color
    return [red, green, blue] if channels == 3 else [round(0.299 * red + 0.587 * green + 0.114 * blue)]
