import numpy as np

from fer_exp.occlusion.polygons import rectangle


def test_rectangle_corners_run_from_top_left_around():
    corners = rectangle(np.array([[10.0, 5.0]]), np.array([[1.0, 0.0]]), [8], [4])
    assert corners.tolist() == [[[6, 3], [14, 3], [14, 7], [6, 7]]]


def test_rectangle_is_exact_at_90_and_180_degrees():
    centre = np.array([[10.0, 5.0], [10.0, 5.0]])
    corners = rectangle(centre, np.array([[0.0, 1.0], [-1.0, 0.0]]), [8, 8], [4, 4])
    assert corners[0].tolist() == [[12, 1], [12, 9], [8, 9], [8, 1]]
    assert corners[1].tolist() == [[14, 7], [6, 7], [6, 3], [14, 3]]
