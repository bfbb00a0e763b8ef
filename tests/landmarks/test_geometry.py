import numpy as np
import pytest

from fer_exp.landmarks import geometry


def face(width=60.0, angle=0.0, centre=(100.0, 80.0)):
    """The average face, (1, 68, 2), turned by degrees (clockwise on screen)."""
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (width * geometry.AVERAGE_FACE @ rotation + np.array(centre))[None]


def test_average_face_is_one_wide_upright_and_symmetrical():
    face = geometry.AVERAGE_FACE
    assert face.shape == (68, 2)
    assert geometry.width(face[None]) == 1
    assert geometry.eye_centre(face[None]).tolist() == [[0, 0]]
    assert geometry.eye_axis(face[None]).tolist() == [[1, 0]]
    np.testing.assert_array_equal(face[0:8] * [-1, 1], face[16:8:-1])
    np.testing.assert_array_equal(face[48:51] * [-1, 1], face[54:51:-1])


def test_average_face_has_eyes_above_nose_above_mouth_above_chin():
    heights = [
        geometry.AVERAGE_FACE[rows, 1].mean() for rows in (slice(17, 27), slice(36, 48), [30], slice(48, 68), [8])
    ]
    assert heights == sorted(heights)


def test_average_face_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        geometry.AVERAGE_FACE[0] = 0


@pytest.mark.parametrize("angle", [0, 17, 90, 180, 270])
def test_measures_follow_the_turned_face(angle):
    turned = face(width=50, angle=angle, centre=(3, -40))
    turn = np.deg2rad(angle)
    np.testing.assert_allclose(geometry.width(turned), [50])
    np.testing.assert_allclose(geometry.eye_centre(turned), [[3, -40]])
    np.testing.assert_allclose(geometry.eye_axis(turned), [[np.cos(turn), np.sin(turn)]], atol=1e-12)


def test_landmarks_outside_the_picture_are_usable():
    assert geometry.usable(face(centre=(-500, 9000))).all()


def test_half_precision_landmarks_are_measured_in_double_precision():
    # In float16 the sum of the eyes' coordinates would overflow, and their middle would be rounded to 0.5.
    landmarks = face(width=600, centre=(1000, 1000)).astype(np.float16)
    expected = (landmarks[:, 36].astype(float) + landmarks[:, 45]) / 2
    assert geometry.eye_centre(landmarks).dtype == np.float64
    np.testing.assert_array_equal(geometry.eye_centre(landmarks), expected)


def unusable():
    nan, infinite, zero, narrow, one_eye = (face() for _ in range(5))
    nan[0, 5, 1] = np.nan
    infinite[0, 60, 0] = np.inf
    zero[:] = 0
    narrow[:, 16] = narrow[:, 0] + [geometry.MIN_WIDTH - 0.01, 0]
    one_eye[:, 45] = one_eye[:, 36]
    return {"nan": nan, "infinite": infinite, "all zero": zero, "narrow": narrow, "one eye": one_eye}


@pytest.mark.parametrize("why", unusable())
def test_landmarks_that_carry_no_occluder_are_unusable(why):
    landmarks = np.concatenate([face(), unusable()[why], face()])
    assert geometry.usable(landmarks).tolist() == [True, False, True]


def test_a_face_of_the_least_width_is_usable():
    assert geometry.usable(face(width=geometry.MIN_WIDTH + 0.01)).all()
