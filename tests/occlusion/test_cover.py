import numpy as np
import pytest

from fer_exp.errors import ConfigError, DataError
from fer_exp.occlusion import cover, headset
from fer_exp.occlusion.geometry import AVERAGE_FACE
from fer_exp.occlusion.schema import HeadsetConfig, Missing, OcclusionConfig


def config(missing, **keys):
    return HeadsetConfig(name="quest2", kind="headset", missing=Missing[missing], **keys)


def table(n=5, lost=(), size=48):
    """n faces of growing width in square pictures, rows `lost` without landmarks: landmarks, sizes."""
    widths = size * np.linspace(0.5, 0.8, n)[:, None, None]
    landmarks = (widths * AVERAGE_FACE + size * np.array([0.5, 0.4]) - 0.5).astype(np.float32)
    landmarks[list(lost)] = np.nan
    return landmarks, np.full((n, 2), size, np.int32)


def width(polygon):
    return np.linalg.norm(polygon[1] - polygon[0])


@pytest.mark.parametrize("missing", ["typical", "frame", "skip"])
def test_a_face_with_landmarks_wears_the_bar_of_its_own_landmarks(missing):
    landmarks, sizes = table(lost=[2])
    placed = cover.place(landmarks, sizes, config(missing))
    own = [0, 1, 3, 4]
    np.testing.assert_array_equal(placed.corners[own], headset.corners(landmarks[own], config(missing)))
    assert placed.usable.tolist() == [True, True, False, True, True]


def test_typical_is_the_median_bar_of_the_other_faces():
    landmarks, sizes = table(102, lost=[101])
    landmarks[100, :, 0] += 10_000  # an outlier, which a mean would follow by 100 pixels
    placed = cover.place(landmarks, sizes, config("typical"))
    middle = np.median(headset.corners(landmarks[:101], config("typical")), axis=0)
    np.testing.assert_allclose(placed.corners[101], middle, atol=0.2)
    assert placed.keep.all()


def test_typical_scales_with_the_picture():
    landmarks, sizes = table(3, lost=[2])
    sizes[2] = 4 * sizes[2]
    small, large = (cover.place(landmarks, s, config("typical")).corners[2] for s in (table(3)[1], sizes))
    np.testing.assert_allclose(large + 0.5, 4 * (small + 0.5))


def test_typical_of_tilted_faces_is_tilted_and_rectangular():
    landmarks, sizes = table(5, lost=[0])
    turn = np.deg2rad(20)
    landmarks = landmarks @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    top, side = np.diff(cover.place(landmarks, sizes, config("typical")).corners[0], axis=0)[:2]
    assert top @ side == pytest.approx(0, abs=1e-9)
    assert np.degrees(np.arctan2(top[1], top[0])) == pytest.approx(20, abs=1e-3)


@pytest.mark.parametrize(("height", "w"), [(48, 48), (224, 224), (100, 60)])
def test_frame_is_an_upright_bar_at_its_place_in_the_picture(height, w):
    placed = cover.place(None, np.array([[height, w]]), config("frame"))
    left, top = placed.corners[0, 0]
    right, bottom = placed.corners[0, 2]
    # In parts of the picture, which begins half a pixel before the first pixel's centre.
    assert ((left + right) / 2 + 0.5) / w == pytest.approx(0.50)
    assert ((top + bottom) / 2 + 0.5) / height == pytest.approx(0.39)
    assert (right - left) / w == pytest.approx(0.77)
    assert (bottom - top) / (right - left) == pytest.approx(105 / 224)
    assert placed.corners[0, 1].tolist() == [right, top]
    assert (placed.usable.tolist(), placed.keep.tolist()) == ([False], [True])


def test_frame_obeys_scale_and_width():
    sizes = np.array([[48, 48]])
    bar = cover.place(None, sizes, config("frame", scale=0.5, width=1.2)).corners[0]
    assert width(bar) == pytest.approx(0.77 * 48 * 0.5 * 1.2)


def test_frame_covers_faces_without_landmarks_among_others():
    landmarks, sizes = table(3, lost=[1])
    placed = cover.place(landmarks, sizes, config("frame"))
    np.testing.assert_array_equal(placed.corners[1], cover.place(None, sizes, config("frame")).corners[1])


@pytest.mark.parametrize("junk", [np.nan, 0.0, np.inf])
def test_skip_leaves_out_faces_without_usable_landmarks(junk):
    landmarks, sizes = table(4)
    landmarks[[0, 3]] = junk
    landmarks[[0, 3], 45, 0] += 9  # eyes apart: the occluder's own formula would give finite corners
    placed = cover.place(landmarks, sizes, config("skip"))
    assert placed.keep.tolist() == placed.usable.tolist() == [False, True, True, False]
    assert np.isnan(placed.corners[[0, 3]]).all()


@pytest.mark.parametrize("missing", ["typical", "frame", "skip"])
def test_faces_that_all_have_landmarks_are_the_same_whatever_missing_says(missing):
    landmarks, sizes = table()
    placed = cover.place(landmarks, sizes, config(missing))
    np.testing.assert_array_equal(placed.corners, headset.corners(landmarks, config(missing)))
    assert placed.keep.all()


@pytest.mark.parametrize("missing", ["typical", "skip"])
@pytest.mark.parametrize("landmarks", [None, table(3, lost=[0, 1, 2])[0]], ids=["none", "none usable"])
def test_no_landmarks_at_all_is_an_error_that_names_the_remedies(missing, landmarks):
    with pytest.raises(DataError, match=r"dataset\.landmarks=.*occlusion\.missing=frame"):
        cover.place(landmarks, table(3)[1], config(missing))


def test_the_callers_landmarks_are_not_changed():
    landmarks, sizes = table(4, lost=[1])
    before = landmarks.copy()
    for array in (landmarks, sizes):
        array.flags.writeable = False
    cover.place(landmarks, sizes, config("typical"))
    np.testing.assert_array_equal(landmarks, before)


@pytest.mark.parametrize("kind", ["helmet", "painting", "head.set"])
def test_an_unknown_kind_is_an_error_that_names_the_key(kind):
    with pytest.raises(ConfigError, match=rf"occlusion\.kind={kind}"):
        cover.place(*table(), OcclusionConfig(name="x", kind=kind))


def test_landmarks_of_another_table_are_refused():
    with pytest.raises(ValueError, match="5 pictures"):
        cover.place(table(4)[0], table(5)[1], config("typical"))
