"""What was found, to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_exp.datasets import images as pictures
from fer_exp.landmarks import detect as landmarks
from fer_exp.reports import figures

if TYPE_CHECKING:
    from fer_exp.datasets.faces import Faces
    from fer_exp.occlusion.placement import Cover

SHOWN = 20  # faces in each group


def sheet(faces: Faces, cover: Cover | None, workers: int) -> figures.Figure:
    """The least sure faces, random ones and those without plausible points, with what covers them.

    Args:
        faces: whose landmarks were found by fer_exp.landmarks, which knows them still.
        cover: of these faces; None shows the points alone.
        workers: threads, where it does not.
    """
    found = landmarks.find(faces, workers)
    sure = found.reason == ""
    order = np.argsort(found.score, kind="stable")
    worst = order[sure[order]][:SHOWN]
    rest = np.setdiff1d(np.flatnonzero(sure), worst)
    drawn = np.sort(np.random.default_rng(0).permutation(rest)[:SHOWN])
    named = {"least sure": worst, "at random": drawn, "none found": np.flatnonzero(~sure)[:SHOWN]}
    groups = [
        figures.FaceGroup(
            name,
            [pictures.read(faces, row) for row in rows],
            found.landmarks[rows],
            found.score[rows],
            None if cover is None else cover.polygons[rows],
        )
        for name, rows in named.items()
    ]
    return figures.landmark_sheet(groups, f"{faces.name}: landmarks found, with their score")
