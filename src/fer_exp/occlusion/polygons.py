"""Rectangles and other polygons in the plane of a picture; for coordinates see fer_exp.landmarks.geometry."""

from __future__ import annotations

import numpy as np

from fer_exp.landmarks.geometry import eye_axis
from fer_exp.landmarks.geometry import width as face_width


def rectangle(centre: np.ndarray, axis: np.ndarray, width: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Corners of rotated rectangles, (n, 4, 2) float64.

    In the rectangle's own frame the order is top left, top right, bottom right, bottom left. A unit vector
    instead of an angle keeps rectangles at 90 and 180 degrees exact.

    Args:
        centre: (n, 2) pixels.
        axis: (n, 2) unit vectors along which the width is measured; (1, 0) is upright.
        width, height: (n,) pixels.
    """
    across = axis * np.asarray(width)[:, None] / 2
    down = perpendicular(axis) * np.asarray(height)[:, None] / 2
    return np.stack([centre - across - down, centre + across - down, centre + across + down, centre - across + down], 1)


def perpendicular(axis: np.ndarray) -> np.ndarray:
    """(n, 2) vectors turned by a quarter: from the eyes' axis towards the chin."""
    return np.stack([-axis[:, 1], axis[:, 0]], axis=1)


def centroid(polygons: np.ndarray) -> np.ndarray:
    """Centre of gravity of each face's polygons (n, P, K, 2), (n, 2); the corners' mean where they have no area."""
    base = polygons[:, :1, :1]  # near the polygons: areas far from the origin lose digits
    points = polygons - base
    after = np.roll(points, -1, axis=2)
    cross = points[..., 0] * after[..., 1] - points[..., 1] * after[..., 0]
    sign = np.sign(cross.sum(axis=2, keepdims=True))
    area = (sign * cross).sum(axis=(1, 2)) / 2
    weighted = ((points + after) * (sign * cross)[..., None]).sum(axis=(1, 2)) / 6
    flat = area <= 1e-9 * np.abs(points).max(axis=(1, 2, 3)) ** 2
    centre = np.where(flat[:, None], points.mean(axis=(1, 2)), weighted / np.where(flat, 1, area)[:, None])
    return centre + base[:, 0, 0]


def moved(
    polygons: np.ndarray, landmarks: np.ndarray, scale: np.ndarray, shift: np.ndarray, turn: np.ndarray
) -> np.ndarray:
    """Polygons (n, P, K, 2) made larger and turned about their centroid, then shifted along with the face.

    Args:
        polygons: pixels.
        landmarks: (n, 68, 2) pixels; the face's width and the axis of its eyes are the shift's unit and directions.
        scale: (n,) factors.
        shift: (n, 2) widths of the face, along its eyes and towards its chin.
        turn: (n,) radians, clockwise as the viewer sees it.
    """
    axis = eye_axis(landmarks)
    by = face_width(landmarks)[:, None] * (shift[:, :1] * axis + shift[:, 1:] * perpendicular(axis))
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    rotation = np.stack([np.stack([cos, sin], 1), np.stack([-sin, cos], 1)], axis=1)  # rows times this
    centre = centroid(polygons)[:, None, None]
    return (polygons - centre) @ rotation[:, None] + centre + by[:, None, None]
