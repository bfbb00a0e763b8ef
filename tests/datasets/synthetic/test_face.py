"""One face: what it promises."""

from dataclasses import replace

import numpy as np
import pytest
from drawn import LOOK, PEOPLE, PLAIN, SIZE

from fer_exp.datasets.synthetic import actions
from fer_exp.datasets.synthetic.actions import ACTION_UNITS, Actions
from fer_exp.datasets.synthetic.classes import CLASSES
from fer_exp.datasets.synthetic.face import draw


def test_faces_are_the_same_in_any_order():
    forwards = [draw(LOOK, "train", i, CLASSES[i]).pixels for i in range(8)]
    backwards = [draw(LOOK, "train", i, CLASSES[i]).pixels for i in reversed(range(8))]
    assert all(np.array_equal(a, b) for a, b in zip(forwards, reversed(backwards), strict=True))


def test_seed_part_and_index_each_make_another_face():
    pictures = [
        draw(replace(LOOK, seed=seed), part, index, "neutral").pixels.tobytes()
        for seed in (0, 1)
        for part in ("train", "test")
        for index in (0, 1)
    ]
    assert len(set(pictures)) == 8


@pytest.mark.parametrize("size", [24, 64, 100, 224])
def test_landmarks_grow_with_the_picture(size):
    small = draw(replace(LOOK, size=192), "train", 5, "surprise").landmarks
    face = draw(replace(LOOK, size=size), "train", 5, "surprise")
    assert face.pixels.shape == (size, size, 3)
    np.testing.assert_allclose((face.landmarks + 0.5) / size, (small + 0.5) / 192, atol=1e-3)


def test_landmarks_lie_where_the_picture_has_them():
    """Pupils are darker than what surrounds them."""
    for i in PEOPLE:
        face = draw(replace(PLAIN, size=192), "train", i, "neutral")
        grey = face.pixels.mean(axis=2)
        for eye in (slice(36, 42), slice(42, 48)):
            x, y = face.landmarks[eye].mean(axis=0).round().astype(int)
            assert grey[y - 3 : y + 4, x - 3 : x + 4].min() < 60


def test_landmarks_make_a_face():
    for i in range(40):
        points = draw(LOOK, "train", i, CLASSES[i % 8]).landmarks
        assert points.shape == (68, 2) and points.dtype == np.float32
        assert (points > -0.2 * SIZE).all() and (points < 1.2 * SIZE).all()
        jaw, eyes = np.linalg.norm(points[0] - points[16]), np.linalg.norm(points[36] - points[45])
        assert 0.5 * SIZE < jaw < 0.9 * SIZE and 0.4 * jaw < eyes < 0.8 * jaw
        assert points[36, 0] < points[39, 0] < points[42, 0] < points[45, 0]
        assert points[[36, 45], 1].mean() < points[33, 1] < points[51, 1] < points[57, 1] < points[8, 1]


def test_every_action_unit_changes_the_picture(monkeypatch):
    def picture(code):
        values = np.zeros((len(ACTION_UNITS), 2))
        if code is not None:
            values[list(ACTION_UNITS).index(code)] = 1
        monkeypatch.setattr(actions, "sample", lambda *_, **__: Actions.of(values))
        return draw(PLAIN, "train", 0, "neutral").pixels

    resting = picture(None)
    assert [code for code in ACTION_UNITS if np.array_equal(picture(code), resting)] == []
