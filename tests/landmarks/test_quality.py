"""Landmarks that contradict themselves are no face's."""

from __future__ import annotations

import numpy as np
import pytest

from fer_exp.landmarks import quality
from fer_exp.landmarks.geometry import AVERAGE_FACE

FACE = 30 * AVERAGE_FACE[None] + 24


CONTRAST = np.array([50.0])


def measure(*points):
    return quality.measure(*points, np.repeat(CONTRAST, len(points[0])))


def moved(by: float) -> np.ndarray:
    """The face, moved by a share of its width."""
    return FACE + (30 * by, 0)


def test_agreement_on_an_average_face_is_perfect():
    measures = measure(FACE, FACE, FACE)
    score, reason = quality.judge(measures)
    assert measures[0] == pytest.approx([0, 0, 0, 0.02], abs=1e-6) and score > 0.8 and reason == ""


@pytest.mark.parametrize("turn", [1, np.exp(0.5j), np.exp(2j), 1j])
@pytest.mark.parametrize("scale", [0.2, 40])
def test_measures_know_no_size_place_or_direction(turn, scale):
    def placed(points):
        z = points @ (1, 1j) * turn * scale
        return np.stack([z.real - 7, z.imag + 300], -1)

    rng = np.random.default_rng(0)
    three = [FACE + rng.normal(0, 1, FACE.shape) for _ in range(3)]
    assert measure(*map(placed, three)) == pytest.approx(measure(*three), rel=1e-4)


def test_drift_is_in_widths_of_the_face():
    assert measure(moved(0.25), FACE, FACE)[0, :3] == pytest.approx([0.25, 0, 0], abs=1e-6)


def test_asymmetry_is_in_widths_of_the_face():
    measures = measure(FACE, moved(0.05), moved(-0.05))
    assert measures[0, :3] == pytest.approx([0, 0.1, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("points", "word"),
    [
        ((moved(0.2), FACE, FACE), "moved"),
        ((FACE, moved(0.1), moved(-0.1)), "mirrored"),
        ((FACE[:, ::-1],) * 3, "shape"),
    ],
)
def test_the_worst_measure_is_the_reason(points, word):
    score, reason = quality.judge(measure(*points))
    assert word in reason[0] and 0 < score[0] < 0.5


def test_a_score_falls_with_the_contradiction():
    first = np.concatenate([moved(by) for by in (0.02, 0.05, 0.099, 0.101, 0.5)])
    faces = np.repeat(FACE, len(first), 0)
    score, reason = quality.judge(measure(first, faces, faces))
    assert (np.diff(score) < 0).all()
    assert ((score >= 0.5) == [True, True, True, False, False]).all() and ((reason == "") == (score >= 0.5)).all()


@pytest.mark.parametrize(("contrast", "plausible"), [(0.0, False), (7.9, False), (8.1, True)])
def test_a_blank_picture_has_no_face(contrast, plausible):
    score, reason = quality.judge(quality.measure(FACE, FACE, FACE, np.array([contrast])))
    assert (score[0] >= 0.5) == plausible and (reason[0] == "") == plausible


@pytest.mark.parametrize("points", [np.zeros((1, 68, 2)), np.full((1, 68, 2), np.nan)])
def test_a_point_is_no_face(points):
    score, reason = quality.judge(measure(points, points, points))
    assert score[0] == 0 and reason[0] == quality.NOTHING


def test_nothing_found_is_said_so():
    score, reason = quality.judge(np.full((2, 4), np.nan, np.float32))
    assert (score == 0).all() and (reason == quality.NOTHING).all()
