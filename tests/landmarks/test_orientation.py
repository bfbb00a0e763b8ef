"""Pictures are turned as their EXIF data say, and points find their way back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from fer_exp.landmarks.orientation import ORIENTATION, turn_upright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_pillow_turns_them(orientation):
    stored = np.random.default_rng(0).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    image = Image.fromarray(stored)
    image.getexif()[ORIENTATION] = orientation
    picture = turn_upright(stored, orientation)
    assert np.array_equal(picture.pixels, np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("largest", [1024, 30])
def test_points_find_their_way_back(orientation, largest, monkeypatch):
    monkeypatch.setattr("fer_exp.landmarks.orientation.LARGEST", largest)
    stored = np.zeros((40, 60, 1), np.uint8)
    stored[10:14, 44:48] = 255  # its middle is (45.5, 11.5)
    picture = turn_upright(stored, orientation)
    assert max(picture.pixels.shape) == min(largest, 60) and picture.pixels.shape[2] == 3
    y, x = np.nonzero(picture.pixels[..., 0])
    middle = np.array([x.mean(), y.mean(), 1])
    assert picture.back @ middle == pytest.approx([45.5, 11.5])


def test_a_value_that_means_nothing_turns_nothing():
    stored = np.random.default_rng(0).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    assert np.array_equal(turn_upright(stored, 99).pixels, stored)
