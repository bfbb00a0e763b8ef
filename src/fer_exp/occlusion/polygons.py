"""Rectangles and other polygons in the plane of a picture; for coordinates see fer_exp.landmarks.geometry."""

from __future__ import annotations

import numpy as np

from fer_exp.landmarks.geometry import eye_axis
from fer_exp.landmarks.geometry import width as face_width


def rectangle(centre: np.ndarray, axis: np.ndarray, width: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return the corners of rotated rectangles, (n, 4, 2) float64.

    In the rectangle's own frame the order is top left, top right, bottom right, bottom left. A unit vector
    instead of an angle keeps rectangles at 90 and 180 degrees exact.

    Args:
        centre: (n, 2) pixels.
        axis: (n, 2) unit vectors along which the width is measured; (1, 0) is upright.
        width: (n,) pixels.
        height: (n,) pixels.
    """
    across = axis * np.asarray(width)[:, None] / 2
    down = perpendicular(axis) * np.asarray(height)[:, None] / 2
    return np.stack([centre - across - down, centre + across - down, centre + across + down, centre - across + down], 1)


def perpendicular(axis: np.ndarray) -> np.ndarray:
    """Return vectors (n, 2) after a quarter turn: from the axis of the eyes towards the chin."""
    return np.stack([-axis[:, 1], axis[:, 0]], axis=1)


def centroid(polygons: np.ndarray) -> np.ndarray:
    """Return the centroid (n, 2) of each face's polygons (n, P, K, 2); the corners' mean where they have no area."""
    origin = polygons[:, :1, :1]  # near the polygons: areas far from the origin lose digits
    points = polygons - origin
    following = np.roll(points, -1, axis=2)
    cross = points[..., 0] * following[..., 1] - points[..., 1] * following[..., 0]
    sign = np.sign(cross.sum(axis=2, keepdims=True))
    area = (sign * cross).sum(axis=(1, 2)) / 2
    weighted = ((points + following) * (sign * cross)[..., None]).sum(axis=(1, 2)) / 6
    flat = area <= 1e-9 * np.abs(points).max(axis=(1, 2, 3)) ** 2
    centre: np.ndarray = np.where(flat[:, None], points.mean(axis=(1, 2)), weighted / np.where(flat, 1, area)[:, None])
    centre += origin[:, 0, 0]
    return centre


def transform(
    polygons: np.ndarray, landmarks: np.ndarray, scale: np.ndarray, shift: np.ndarray, turn: np.ndarray
) -> np.ndarray:
    """Scale and turn polygons (n, P, K, 2) about their centroid, then shift them in the directions of the face.

    Args:
        polygons: pixels.
        landmarks: (n, 68, 2) pixels; the face's width is the unit of the shift, the axis of its eyes its direction.
        scale: (n,) factors.
        shift: (n, 2) widths of the face, along its eyes and towards its chin.
        turn: (n,) radians, clockwise as the viewer sees it.
    """
    axis = eye_axis(landmarks)
    offset = face_width(landmarks)[:, None] * (shift[:, :1] * axis + shift[:, 1:] * perpendicular(axis))
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    rotation = np.stack([np.stack([cos, sin], 1), np.stack([-sin, cos], 1)], axis=1)  # row vectors are multiplied by it
    centre = centroid(polygons)[:, None, None]
    transformed: np.ndarray = (polygons - centre) @ rotation[:, None] + centre + offset[:, None, None]
    return transformed
