import numpy as np
import pytest

from fer_exp.landmarks import search
from fer_exp.landmarks.crops import cut


@pytest.mark.parametrize("side", [20, 112, 500])
def test_what_is_cut_out_is_found_where_it_was(side):
    picture = np.zeros((600, 600, 3), np.uint8)
    square = np.array([300.0, 250.0, side])
    at = (int(300 - side / 4), int(250 + side / 8))
    picture[at[1] - side // 20 : at[1] + side // 20 + 1, at[0] - side // 20 : at[0] + side // 20 + 1] = 255
    crop = cut(picture, square, 112).astype(float)[..., 0]
    assert crop.shape == (112, 112)
    y, x = (np.average(grid, weights=crop) for grid in np.indices(crop.shape))
    parts = np.array([[[x + 0.5, y + 0.5]]]) / 112
    assert search._unfold(parts, square[None])[0, 0] == pytest.approx(at, abs=side / 100)


def test_a_rectangle_is_squeezed_into_a_square():
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[20:80, 40:60] = 255
    crop = cut(picture, np.array([49.5, 49.5, 20.0]), 40, aspect=3)
    assert crop.shape == (40, 40, 3) and crop[2:-2, 2:-2].min() == 255
    assert cut(picture, np.array([49.5, 49.5, 24.0]), 40, aspect=3)[:2].max() < 255
