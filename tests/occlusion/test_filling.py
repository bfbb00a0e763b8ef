import cv2
import numpy as np
import pytest

from fer_exp.config.occlusion import Fill
from fer_exp.occlusion.filling import fill_in

SHAPES = [(48, 48, 1), (64, 50, 3), (130, 97, 3), (224, 224, 1)]


def covered(shape, count=3, seed=0):
    """Pictures, and a bar across each of them."""
    pictures = np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)
    hidden = np.zeros((count, *shape[:2]), np.uint8)
    hidden[:, shape[0] // 4 : shape[0] // 2, shape[1] // 8 : -shape[1] // 8] = 255
    pictures[hidden > 0] = 0
    return pictures, hidden


@pytest.mark.parametrize("how", [Fill.mean, Fill.inpaint])
@pytest.mark.parametrize("shape", SHAPES)
def test_only_hidden_pixels_change(shape, how):
    pictures, hidden = covered(shape)
    before = pictures.copy()
    fill_in(pictures, hidden, how)
    assert (pictures[hidden == 0] == before[hidden == 0]).all()
    assert (pictures[hidden > 0] != before[hidden > 0]).mean() > 0.9


def test_the_mean_is_that_of_the_visible_pixels_of_each_picture_and_channel():
    pictures, hidden = covered((20, 30, 3))
    expected = [picture[mask == 0].mean(0).round() for picture, mask in zip(pictures, hidden, strict=True)]
    fill_in(pictures, hidden, Fill.mean)
    for picture, mask, mean in zip(pictures, hidden, expected, strict=True):
        assert (picture[mask > 0] == mean).all()


def test_small_pictures_are_inpainted_as_opencv_does_it():
    pictures, hidden = covered((48, 48, 1), count=1)
    expected = cv2.inpaint(pictures[0], hidden[0], 3, cv2.INPAINT_TELEA)
    fill_in(pictures, hidden, Fill.inpaint)
    assert (pictures[0, ..., 0] == expected).all()


@pytest.mark.parametrize("shape", [(64, 64, 1), (224, 224, 3)])
def test_inpainting_continues_what_is_around(shape):
    slope = np.linspace(40, 200, shape[1]).astype(np.uint8)
    pictures = np.tile(slope[None, None, :, None], (1, shape[0], 1, shape[2]))
    truth = pictures.copy()
    _, hidden = covered(shape, count=1)
    pictures[hidden > 0] = 0
    fill_in(pictures, hidden, Fill.inpaint)
    error = np.abs(pictures.astype(int) - truth)[hidden > 0].mean()
    fill_in(truth, hidden, Fill.mean)
    of_mean = np.abs(truth.astype(int) - np.tile(slope[None, None, :, None], (1, shape[0], 1, shape[2])))
    assert error < 10 < of_mean[hidden > 0].mean()


@pytest.mark.parametrize("how", [Fill.mean, Fill.inpaint])
def test_a_picture_without_an_occluder_or_without_anything_else_stays(how):
    pictures, hidden = covered((30, 30, 1), count=2)
    hidden[0], hidden[1] = 0, 255
    before = pictures.copy()
    fill_in(pictures, hidden, how)
    assert (pictures == before).all()
