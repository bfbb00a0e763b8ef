import numpy as np
from upright import SIZES, face, option

from fer_exp.landmarks.geometry import AVERAGE_FACE
from fer_exp.occlusion.placement import place_occluder


def test_random_patches_lie_within_the_face_and_have_the_shares_asked_for():
    n = 300
    landmarks, ids = face(20, n), np.arange(n)
    cfg = option("random_patch")
    patches = place_occluder(landmarks, np.repeat(SIZES, n, 0), cfg, ids).polygons[:, 0]
    turn = np.deg2rad(20)
    own = (patches - 100) @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / 100
    low, high = AVERAGE_FACE.min(0), AVERAGE_FACE.max(0)
    assert (own.min((0, 1)) >= low - 1e-6).all() and (own.max((0, 1)) <= high + 1e-6).all()
    share = np.prod(own.max(1) - own.min(1), axis=1) / np.prod(high - low)
    assert 0.08 < share.min() < 0.13 and 0.3 < share.max() <= 0.4 + 1e-9
    assert len(np.unique(patches[:, 0].round(3), axis=0)) == n
    again = place_occluder(landmarks[5:6], SIZES, cfg, ids[5:6]).polygons[0, 0]
    np.testing.assert_array_equal(again, patches[5])
    cfg.seed = 1
    assert (place_occluder(landmarks[5:6], SIZES, cfg, ids[5:6]).polygons[0, 0] != patches[5]).any()
