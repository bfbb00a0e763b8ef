"""What each occluder hides of an upright average face, 100 pixels wide with its eyes at (100, 100)."""

from importlib import import_module

import numpy as np
import pytest

from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.config.test_sets import further_test_sets as further
from fer_exp.landmarks.geometry import AVERAGE_FACE
from fer_exp.occlusion import placement as cover
from fer_exp.occlusion.coverage import covered_share
from fer_exp.occlusion.polygons import centroid
from fer_exp.occlusion.sampling import uniform
from fer_exp.system.paths import CONF

OWN = HeadsetConfig(name="own", kind="headset")
EVERY = sorted(file.stem for file in (CONF / "occlusion").glob("*.yaml"))
SIZES = np.array([[200, 200]])


def option(name):
    """An option of conf/occlusion as it is."""
    return further([name], OWN)[name].occlusion


def face(degrees=0.0, n=1):
    turn = np.deg2rad(degrees)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.repeat((100 * AVERAGE_FACE @ rotation + 100)[None], n, axis=0)


def hidden(name, landmarks=None, **keys):
    """Pixels that an occluder fills, (200, 200) bool."""
    cfg = option(name)
    for key, value in keys.items():
        setattr(cfg, key, value)
    cfg.color = [255, 255, 255]
    placed = cover.place(face() if landmarks is None else landmarks, SIZES, cfg, np.array(["train/1.jpg"]))
    return placed.paint(np.zeros((1, 200, 200, 1), np.uint8), np.array([0]), np.array([True]))[0, :, :, 0] > 0


def at(mask, points):
    """Whether landmarks (by iBUG index) of the upright face are hidden."""
    return np.array([mask[tuple(np.round(100 * AVERAGE_FACE[p] + 100).astype(int)[::-1])] for p in points])


EYES, MOUTH, BROWS, NOSE_TIP, CHIN = range(36, 48), range(48, 68), range(17, 27), [30], [7, 8, 9]


@pytest.mark.parametrize(
    ("name", "covered", "free"),
    [
        ("quest2", [*EYES, *BROWS], [*MOUTH, *NOSE_TIP, *CHIN]),
        ("quest2_measured", [*EYES, *BROWS, *NOSE_TIP], [*MOUTH, *CHIN]),
        ("quest3", [*EYES, *BROWS], [*MOUTH, *CHIN]),
        ("psvr2", [*EYES, *BROWS, *NOSE_TIP], [*CHIN]),
        ("sunglasses", [*EYES], [*MOUTH, *NOSE_TIP, *CHIN]),
        ("surgical_mask", [*MOUTH, *NOSE_TIP, *CHIN], [*EYES, *BROWS]),
    ],
)
def test_an_occluder_hides_what_it_is_worn_on(name, covered, free):
    mask = hidden(name)
    assert at(mask, covered).all()
    assert not at(mask, free).any()


@pytest.mark.parametrize("name", EVERY)
def test_an_occluder_turns_with_the_face(name):
    upright = cover.place(face(), SIZES, option(name), ["x"]).polygons[0].reshape(-1, 2)
    turned = cover.place(face(30), SIZES, option(name), ["x"]).polygons[0].reshape(-1, 2)
    turn = np.deg2rad(30)
    back = (turned - 100) @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) + 100
    np.testing.assert_allclose(sorted(back.round(2).tolist()), sorted(upright.round(2).tolist()), atol=0.02)


@pytest.mark.parametrize("name", EVERY)
def test_an_occluder_grows_with_the_face_and_with_its_scale(name):
    cfg = option(name)
    one = cover.place(face(), SIZES, cfg, ["x"]).polygons
    large = cover.place(2 * face(), SIZES, cfg, ["x"]).polygons
    np.testing.assert_allclose(large, 2 * one, atol=1e-3)
    cfg.scale = 0.5
    half = cover.place(face(), SIZES, cfg, ["x"]).polygons
    np.testing.assert_allclose(half, centroid(one)[:, None, None] + (one - centroid(one)[:, None, None]) / 2, atol=1e-6)


@pytest.mark.parametrize("name", EVERY)
def test_pieces_are_convex_and_faces_without_landmarks_wear_it_too(name):
    landmarks = np.concatenate([face(), face() + 5, np.full((1, 68, 2), np.nan)])
    polygons = cover.place(landmarks, np.repeat(SIZES, 3, 0), option(name), ["a", "b", "c"]).polygons
    assert np.isfinite(polygons).all()
    edges = np.roll(polygons, -1, axis=2) - polygons
    after = np.roll(edges, -1, axis=2)
    cross = edges[..., 0] * after[..., 1] - edges[..., 1] * after[..., 0]
    assert ((cross >= -1e-6).all(axis=2) | (cross <= 1e-6).all(axis=2)).all()


def test_a_measured_headset_is_as_wide_as_its_millimetres_say():
    bar = cover.place(face(), SIZES, option("quest3"), ["x"]).polygons[0, 0]
    np.testing.assert_allclose(bar[2] - bar[0], [100 * 184 / 139, 100 * 98 / 139])


def test_random_patches_lie_within_the_face_and_have_the_shares_asked_for():
    n = 300
    landmarks, ids = face(20, n), np.arange(n)
    cfg = option("random_patch")
    patches = cover.place(landmarks, np.repeat(SIZES, n, 0), cfg, ids).polygons[:, 0]
    turn = np.deg2rad(20)
    own = (patches - 100) @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / 100
    low, high = AVERAGE_FACE.min(0), AVERAGE_FACE.max(0)
    assert (own.min((0, 1)) >= low - 1e-6).all() and (own.max((0, 1)) <= high + 1e-6).all()
    share = np.prod(own.max(1) - own.min(1), axis=1) / np.prod(high - low)
    assert 0.08 < share.min() < 0.13 and 0.3 < share.max() <= 0.4 + 1e-9
    assert len(np.unique(patches[:, 0].round(3), axis=0)) == n
    again = cover.place(landmarks[5:6], SIZES, cfg, ids[5:6]).polygons[0, 0]
    np.testing.assert_array_equal(again, patches[5])
    cfg.seed = 1
    assert (cover.place(landmarks[5:6], SIZES, cfg, ids[5:6]).polygons[0, 0] != patches[5]).any()


def test_every_occluder_is_one_module_with_one_function():
    for name in EVERY:
        assert callable(import_module(f"fer_exp.occlusion.{option(name).kind}").polygons)


def test_uniform_values_are_uniform_and_depend_on_seed_purpose_and_id():
    values = uniform([f"id-{i}" for i in range(2000)], 0, "test", 3)
    assert values.shape == (2000, 3) and values.min() > 0 and values.max() < 1
    np.testing.assert_allclose(
        np.quantile(values, [0.1, 0.5, 0.9], axis=0), [[0.1] * 3, [0.5] * 3, [0.9] * 3], atol=0.04
    )
    assert np.abs(np.corrcoef(values.T) - np.eye(3)).max() < 0.07
    assert (uniform(["a"], 0, "x", 1) != uniform(["a"], 0, "y", 1)).all()
    assert (uniform(["a"], 0, "x", 1) != uniform(["a"], 1, "x", 1)).all()


def test_covered_share_counts_the_hull_of_the_landmarks():
    square = np.tile([[0.0, 0], [40, 0], [40, 40], [0, 40]], (17, 1))[None]  # 68 points on the corners of a square
    square[0, [0, 16, 36, 45]] = [[0, 20], [40, 20], [10, 20], [30, 20]]
    boxes = lambda *pieces: np.array([[[(a, 0), (b, 0), (b, 99), (a, 99)] for a, b in pieces]], float)  # noqa: E731
    assert covered_share(square, boxes((-9, 10)))[0] == pytest.approx(0.25, abs=0.02)
    assert covered_share(square, boxes((-9, 10), (5, 20)))[0] == pytest.approx(0.5, abs=0.02)  # counted once
    assert covered_share(square, boxes((-9, 99)))[0] == 1
    assert covered_share(square, boxes((50, 99)))[0] == 0
    assert np.isnan(covered_share(np.full((1, 68, 2), np.nan), boxes((0, 1)))[0])
    assert covered_share(np.zeros((0, 68, 2)), np.zeros((0, 1, 4, 2))).shape == (0,)


def test_a_larger_occluder_hides_more():
    landmarks = face(10)
    shares = []
    for scale in (0.25, 0.5, 1, 1.5):
        cfg = option("quest2")
        cfg.scale = scale
        shares.append(covered_share(landmarks, cover.place(landmarks, SIZES, cfg).polygons)[0])
    assert np.all(np.diff(shares) > 0.02)
    assert 0.3 < shares[2] < 0.6
