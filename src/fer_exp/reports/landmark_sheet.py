"""The contact sheet of the landmarks that were found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_exp.datasets import images
from fer_exp.landmarks import detect
from fer_exp.reports import figures

if TYPE_CHECKING:
    from fer_exp.datasets.faces import Faces
    from fer_exp.occlusion.placement import Placement

SHOWN = 20  # faces in each group


def draw_landmark_sheet(faces: Faces, placement: Placement | None, workers: int) -> figures.Figure:
    """Draw the least sure faces, random ones and those without plausible points, with what covers them.

    Args:
        faces: faces whose landmarks were found by fer_exp.landmarks and lie in its cache.
        placement: the occluder of these faces; None shows the points alone.
        workers: threads that read pictures where the cache was lost.
    """
    detection = detect.find(faces, workers)
    plausible = detection.reason == ""
    order = np.argsort(detection.score, kind="stable")
    worst = order[plausible[order]][:SHOWN]
    others = np.setdiff1d(np.flatnonzero(plausible), worst)
    drawn = np.sort(np.random.default_rng(0).permutation(others)[:SHOWN])
    named = {"least sure": worst, "at random": drawn, "none found": np.flatnonzero(~plausible)[:SHOWN]}
    groups = [
        figures.FaceGroup(
            name,
            [images.read(faces, row) for row in rows],
            detection.landmarks[rows],
            detection.score[rows],
            None if placement is None else placement.polygons[rows],
        )
        for name, rows in named.items()
    ]
    return figures.landmark_sheet(groups, f"{faces.name}: landmarks found, with their score")
