"""The contact sheet shows every face, with points and outlines where there are any."""

from __future__ import annotations

import io

import numpy as np
import pytest

from fer_exp.reports.figures.landmarks import FaceGroup, landmark_sheet


@pytest.mark.parametrize("polygons", [None, (2, 4, 2), (2, 3, 4, 2)])
def test_every_face_has_its_place(polygons):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (12, 10, 1), dtype=np.uint8), rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)]
    landmarks = rng.normal(5, 3, (2, 68, 2))
    landmarks[1] = np.nan
    outlines = None if polygons is None else rng.normal(5, 3, polygons)
    faces = FaceGroup("worst", pictures, landmarks, np.array([0.5, 0.25]), outlines)
    none = FaceGroup("none", [], landmarks[:0])
    figure = landmark_sheet([faces, none, faces._replace(name="random")], "faces", columns=3)
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == 4 and [axes.texts[0].get_text() for axes in shown] == ["0.50", "0.25"] * 2
    assert shown[0].get_xlim() == (-0.5, 9.5) and len(shown[0].collections) == (1 if polygons is None else 2)
    figure.savefig(io.BytesIO(), format="png")
