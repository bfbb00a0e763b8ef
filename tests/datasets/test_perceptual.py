import numpy as np
import pytest
from photographs import photograph, shifted

from fer_exp.datasets.perceptual import MIRRORED, hash_pixels, sharp_units, smooth_units

PICTURES = [photograph(seed) for seed in range(20)]
HASHES = np.stack([hash_pixels(picture) for picture in PICTURES])


def test_brightness_and_contrast_change_no_hash():
    changed = np.stack([hash_pixels((picture * 0.5 + 60).astype(np.uint8)) for picture in PICTURES])
    np.testing.assert_allclose(changed, HASHES, atol=4)


def test_the_hash_of_the_mirrored_picture_has_the_opposite_sign_at_odd_frequencies():
    mirrored = np.stack([hash_pixels(np.ascontiguousarray(picture[:, ::-1])) for picture in PICTURES])
    np.testing.assert_allclose(mirrored, HASHES * MIRRORED, atol=1)


def test_hashes_of_different_pictures_do_not_correlate_as_those_of_copies_do():
    products = sharp_units(HASHES) @ sharp_units(HASHES).T
    assert products[~np.eye(20, dtype=bool)].max() < 0.6
    np.testing.assert_allclose(products.diagonal(), 1, atol=1e-5)


def test_shifting_a_hash_is_close_to_hashing_the_shifted_picture():
    moved = np.stack([hash_pixels(shifted(picture, 2, 1)) for picture in PICTURES])
    left = (sharp_units(HASHES) * sharp_units(moved)).sum(1)
    found = (sharp_units(HASHES, down=2 / 3, right=4 / 3) * sharp_units(moved)).sum(1)
    assert found.min() > 0.9 and (found > left).all()


@pytest.mark.parametrize("picture", [np.full((48, 48, 3), 90, np.uint8), photograph(0, side=23)], ids=["flat", "small"])
def test_a_flat_or_tiny_picture_has_no_hash_and_resembles_nothing(picture):
    flat = hash_pixels(picture)
    assert not flat.any()
    assert not (smooth_units(flat[None]) @ smooth_units(HASHES).T).any()
