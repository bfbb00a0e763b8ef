from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from upright import EVERY, SIZES, face, option

from fer_exp.config.occlusion import Fill, HeadsetConfig, Missing, OcclusionConfig
from fer_exp.errors import ConfigError, DataError
from fer_exp.landmarks.geometry import AVERAGE_FACE
from fer_exp.occlusion import headset
from fer_exp.occlusion.placement import place_occluder
from fer_exp.occlusion.polygons import centroid


def config(missing, **keys):
    return HeadsetConfig(name="quest2", kind="headset", missing=Missing[missing], **keys)


def table(n=5, lost=(), size=48):
    """n faces of growing width in square pictures, rows `lost` without landmarks: landmarks, sizes."""
    widths = size * np.linspace(0.5, 0.8, n)[:, None, None]
    landmarks = (widths * AVERAGE_FACE + size * np.array([0.5, 0.4]) - 0.5).astype(np.float32)
    landmarks[list(lost)] = np.nan
    return landmarks, np.full((n, 2), size, np.int32)


ONE, COVERED = np.array([0]), np.array([True])


def width(polygon):
    return np.linalg.norm(polygon[1] - polygon[0])


@pytest.mark.parametrize("missing", ["typical", "frame", "skip"])
def test_a_face_with_landmarks_wears_the_bar_of_its_own_landmarks(missing):
    landmarks, sizes = table(lost=[2])
    placed = place_occluder(landmarks, sizes, config(missing))
    own = [0, 1, 3, 4]
    np.testing.assert_array_equal(placed.polygons[own], headset.polygons(landmarks[own], config(missing)))
    assert placed.usable.tolist() == [True, True, False, True, True]


def test_typical_is_the_median_bar_of_the_other_faces():
    landmarks, sizes = table(102, lost=[101])
    landmarks[100, :, 0] += 10_000  # an outlier, which a mean would follow by 100 pixels
    placed = place_occluder(landmarks, sizes, config("typical"))
    middle = np.median(headset.polygons(landmarks[:101], config("typical")), axis=0)
    np.testing.assert_allclose(placed.polygons[101, 0], middle[0], atol=0.2)
    assert placed.keep.all()


def test_typical_scales_with_the_picture():
    landmarks, sizes = table(3, lost=[2])
    sizes[2] = 4 * sizes[2]
    small, large = (place_occluder(landmarks, s, config("typical")).polygons[2, 0] for s in (table(3)[1], sizes))
    np.testing.assert_allclose(large + 0.5, 4 * (small + 0.5))


def test_typical_of_tilted_faces_is_tilted_and_rectangular():
    landmarks, sizes = table(5, lost=[0])
    turn = np.deg2rad(20)
    landmarks = landmarks @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    top, side = np.diff(place_occluder(landmarks, sizes, config("typical")).polygons[0, 0], axis=0)[:2]
    assert top @ side == pytest.approx(0, abs=1e-9)
    assert np.degrees(np.arctan2(top[1], top[0])) == pytest.approx(20, abs=1e-3)


@pytest.mark.parametrize(("height", "w"), [(48, 48), (224, 224), (100, 60)])
def test_frame_is_an_upright_bar_at_its_place_in_the_picture(height, w):
    placed = place_occluder(None, np.array([[height, w]]), config("frame"))
    left, top = placed.polygons[0, 0, 0]
    right, bottom = placed.polygons[0, 0, 2]
    # In parts of the picture, which begins half a pixel before the first pixel's centre.
    assert ((left + right) / 2 + 0.5) / w == pytest.approx(0.50)
    assert ((top + bottom) / 2 + 0.5) / height == pytest.approx(0.39)
    assert (right - left) / w == pytest.approx(0.77)
    assert (bottom - top) / (right - left) == pytest.approx(105 / 224)
    assert placed.polygons[0, 0, 1].tolist() == [right, top]
    assert (placed.usable.tolist(), placed.keep.tolist()) == ([False], [True])


def test_frame_obeys_scale_and_width():
    sizes = np.array([[48, 48]])
    bar = place_occluder(None, sizes, config("frame", scale=0.5, width=1.2)).polygons[0, 0]
    assert width(bar) == pytest.approx(0.77 * 48 * 0.5 * 1.2)


def test_frame_covers_faces_without_landmarks_among_others():
    landmarks, sizes = table(3, lost=[1])
    placed = place_occluder(landmarks, sizes, config("frame"))
    np.testing.assert_array_equal(placed.polygons[1], place_occluder(None, sizes, config("frame")).polygons[1])


@pytest.mark.parametrize("junk", [np.nan, 0.0, np.inf])
def test_skip_leaves_out_faces_without_usable_landmarks(junk):
    landmarks, sizes = table(4)
    landmarks[[0, 3]] = junk
    landmarks[[0, 3], 45, 0] += 9  # eyes apart: the occluder's own formula would give finite corners
    placed = place_occluder(landmarks, sizes, config("skip"))
    assert placed.keep.tolist() == placed.usable.tolist() == [False, True, True, False]
    assert np.isnan(placed.polygons[[0, 3]]).all()


@pytest.mark.parametrize("missing", ["typical", "frame", "skip"])
def test_faces_that_all_have_landmarks_are_the_same_whatever_missing_says(missing):
    landmarks, sizes = table()
    placed = place_occluder(landmarks, sizes, config(missing))
    np.testing.assert_array_equal(placed.polygons, headset.polygons(landmarks, config(missing)))
    assert placed.keep.all()


@pytest.mark.parametrize("missing", ["typical", "skip"])
@pytest.mark.parametrize("landmarks", [None, table(3, lost=[0, 1, 2])[0]], ids=["none", "none usable"])
def test_no_landmarks_at_all_is_an_error_that_names_the_remedies(missing, landmarks):
    with pytest.raises(DataError, match=r"dataset\.landmarks=.*occlusion\.missing=frame"):
        place_occluder(landmarks, table(3)[1], config(missing))


def test_the_callers_landmarks_are_not_changed():
    landmarks, sizes = table(4, lost=[1])
    before = landmarks.copy()
    for array in (landmarks, sizes):
        array.flags.writeable = False
    place_occluder(landmarks, sizes, config("typical"))
    np.testing.assert_array_equal(landmarks, before)


@pytest.mark.parametrize("kind", ["helmet", "painting", "head.set"])
def test_an_unknown_kind_is_an_error_that_names_the_key(kind):
    with pytest.raises(ConfigError, match=rf"occlusion\.kind={kind}"):
        place_occluder(*table(), OcclusionConfig(name="x", kind=kind))


def test_landmarks_of_another_table_are_refused():
    with pytest.raises(ValueError, match="5 pictures"):
        place_occluder(table(4)[0], table(5)[1], config("typical"))


def turned(landmarks, degrees):
    turn = np.deg2rad(degrees)
    return landmarks @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def test_scale_grows_the_occluder_about_its_centre():
    landmarks, sizes = table()
    one, two = (place_occluder(landmarks, sizes, config("typical", scale=s)).polygons[:, 0] for s in (1, 2))
    np.testing.assert_allclose(two.mean(1), one.mean(1))
    np.testing.assert_allclose(two - two.mean(1, keepdims=True), 2 * (one - one.mean(1, keepdims=True)))


def test_shift_goes_along_the_eyes_and_to_the_chin_of_a_turned_face():
    landmarks, sizes = table(3)
    landmarks = turned(landmarks, 90)  # the eyes' axis points down, the chin to the left
    before, after = (
        place_occluder(landmarks, sizes, config("typical", shift=s)).polygons[:, 0] for s in ([0, 0], [1, 2])
    )
    w = 48 * np.linspace(0.5, 0.8, 3)[:, None]
    np.testing.assert_allclose((after - before)[..., 0], -2 * w * np.ones(4), rtol=1e-5)
    np.testing.assert_allclose((after - before)[..., 1], w * np.ones(4), rtol=1e-5)


def test_jitter_is_drawn_per_face_and_seed_whatever_other_faces_there_are():
    landmarks, sizes = table(400)
    ids = np.array([f"train/{i}.jpg" for i in range(400)])
    still = place_occluder(landmarks, sizes, config("typical"), ids).polygons[:, 0]
    cfg = config("typical", jitter=0.1)
    loose = place_occluder(landmarks, sizes, cfg, ids).polygons[:, 0]
    some = [7, 3, 200]
    np.testing.assert_array_equal(
        place_occluder(landmarks[some], sizes[some], cfg, ids[some]).polygons[:, 0], loose[some]
    )
    other = place_occluder(landmarks, sizes, config("typical", jitter=0.1, seed=1), ids).polygons[:, 0]
    assert (np.abs(other - loose).max(axis=(1, 2)) > 0).all()
    w = 48 * np.linspace(0.5, 0.8, 400)
    moves = (loose.mean(1) - still.mean(1)) / w[:, None]
    sizes_ = np.log([width(p) / width(q) for p, q in zip(loose, still, strict=True)])
    turns = np.array([np.arctan2(*(p[1] - p[0])[::-1]) for p in loose])
    for drawn in (moves[:, 0], moves[:, 1], sizes_, turns):
        assert drawn.std() == pytest.approx(0.1, rel=0.15)
        assert abs(drawn.mean()) < 0.02


def test_noise_is_the_faces_own_and_painted_as_grain():
    landmarks, sizes = table(2)
    ids = np.array(["a", "b"])
    placed = place_occluder(landmarks, sizes, config("typical", noise=20, color=[100, 120, 140]), ids)
    images = np.zeros((2, 48, 48, 3), np.uint8)
    painted = placed.paint(images, np.array([0, 1]), np.ones(2, bool)).astype(int)
    inside = painted.any(-1)
    grain = painted[inside] - [100, 120, 140]
    assert np.abs(grain).max() == 20 and len(np.unique(grain)) > 30
    assert (grain == grain[:, :1]).all()  # brightness alone
    alone = placed.paint(images[:1], np.array([1]), np.ones(1, bool))
    np.testing.assert_array_equal(alone[0], painted[1])  # whatever batch it is in
    both = inside[0] & inside[1]
    assert (painted[0][both] != painted[1][both]).any()  # two faces do not share a pattern


@pytest.mark.parametrize("noise", [0, 30])
def test_painters_paint_one_by_one_what_paint_does_at_once(noise):
    landmarks, _ = table(6)
    sizes = np.array([[48, 48], [48, 48], [40, 60], [48, 48], [40, 60], [7, 9]])
    placed = place_occluder(landmarks, sizes, config("typical", noise=noise, color=[90, 60, 30]), np.arange(6))
    rows = np.array([5, 1, 2, 4, 0])
    for row, painter in zip(rows, placed.painters(rows, sizes[rows]), strict=True):
        image = np.random.default_rng(row).integers(0, 256, (*sizes[row], 3), np.uint8)
        expected = placed.paint(image[None], np.array([row]), np.array([True]))[0]
        painter(image)
        np.testing.assert_array_equal(image, expected)


def test_a_picture_that_changed_its_size_is_not_painted(quest2):
    landmarks, sizes = table(1)
    (painter,) = place_occluder(landmarks, sizes, quest2).painters(np.array([0]), sizes)
    with pytest.raises(DataError, match="as before"):
        painter(np.zeros((48, 40, 3), np.uint8))


@pytest.mark.parametrize("name", EVERY)
def test_an_occluder_turns_with_the_face(name):
    upright = place_occluder(face(), SIZES, option(name), ["x"]).polygons[0].reshape(-1, 2)
    turned = place_occluder(face(30), SIZES, option(name), ["x"]).polygons[0].reshape(-1, 2)
    turn = np.deg2rad(30)
    back = (turned - 100) @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) + 100
    np.testing.assert_allclose(sorted(back.round(2).tolist()), sorted(upright.round(2).tolist()), atol=0.02)


@pytest.mark.parametrize("name", EVERY)
def test_an_occluder_grows_with_the_face_and_with_its_scale(name):
    cfg = option(name)
    one = place_occluder(face(), SIZES, cfg, ["x"]).polygons
    large = place_occluder(2 * face(), SIZES, cfg, ["x"]).polygons
    np.testing.assert_allclose(large, 2 * one, atol=1e-3)
    cfg.scale = 0.5
    half = place_occluder(face(), SIZES, cfg, ["x"]).polygons
    np.testing.assert_allclose(half, centroid(one)[:, None, None] + (one - centroid(one)[:, None, None]) / 2, atol=1e-6)


@pytest.mark.parametrize("name", EVERY)
def test_pieces_are_convex_and_faces_without_landmarks_wear_it_too(name):
    landmarks = np.concatenate([face(), face() + 5, np.full((1, 68, 2), np.nan)])
    polygons = place_occluder(landmarks, np.repeat(SIZES, 3, 0), option(name), ["a", "b", "c"]).polygons
    assert np.isfinite(polygons).all()
    edges = np.roll(polygons, -1, axis=2) - polygons
    after = np.roll(edges, -1, axis=2)
    cross = edges[..., 0] * after[..., 1] - edges[..., 1] * after[..., 0]
    assert ((cross >= -1e-6).all(axis=2) | (cross <= 1e-6).all(axis=2)).all()


def test_every_occluder_is_one_module_with_one_function():
    for name in EVERY:
        assert callable(import_module(f"fer_exp.occlusion.{option(name).kind}").polygons)


@pytest.mark.parametrize("fill", [Fill.mean, Fill.inpaint])
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("channels", [1, 3])
def test_what_an_occluder_hides_changes_nothing_of_what_is_filled_in(name, fill, channels):
    cfg = option(name)
    cfg.fill, cfg.noise = fill, 9
    rng = np.random.default_rng(0)
    for size in (48, 150):
        landmarks = size / 200 * face()
        placed = place_occluder(landmarks, np.array([[size, size]]), cfg, np.array(["1.jpg"]))
        white = place_occluder(landmarks, np.array([[size, size]]), option(name), np.array(["1.jpg"]))
        white = replace(white, color=(255, 255, 255)).paint(np.zeros((1, size, size, 1), np.uint8), ONE, COVERED)
        under = np.broadcast_to(white > 0, (1, size, size, channels))
        assert under.any() and not under.all()
        picture = rng.integers(0, 256, (1, size, size, channels)).astype(np.uint8)
        other = np.where(under, rng.integers(0, 256, picture.shape), picture).astype(np.uint8)
        filled = placed.paint(picture, ONE, COVERED)
        assert (filled == placed.paint(other, ONE, COVERED)).all()
        assert (filled[~under] == picture[~under]).all()
        alone = other[0].copy()
        placed.painters(ONE, np.array([[size, size]]))[0](alone)
        assert (alone == filled[0]).all()


def test_pictures_that_are_covered_whole_leave_nothing_to_fill_in_from():
    landmarks, sizes = table(3)
    place_occluder(landmarks, sizes, config("typical", scale=5))  # a colour needs nothing
    with pytest.raises(DataError, match=r"fill=inpaint: 2 pictures are covered whole \(b is the first\).*fill=color"):
        place_occluder(landmarks, sizes, config("typical", scale=5, fill=Fill.inpaint), np.array(["a", "b", "c"]))
