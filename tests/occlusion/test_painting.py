import numpy as np
import pytest

from fer_exp.occlusion.painting import TOLERANCE, paint
from fer_exp.occlusion.polygons import rectangle

ORANGE = (250, 130, 20)


def reference(centre, angle, size, height, width):
    """Pixels of a closed rotated rectangle, (height, width) bool: every centre in the rectangle's own frame."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    x, y = x - centre[0], y - centre[1]
    along = np.abs(x * np.cos(angle) + y * np.sin(angle))
    across = np.abs(y * np.cos(angle) - x * np.sin(angle))
    return (along <= size[0] / 2 + TOLERANCE) & (across <= size[1] / 2 + TOLERANCE)


def random_rectangles(n, height, width, rng):
    """Any angle and the special ones, tiny to huge, on and off the image: centre, angle, size."""
    centre = rng.uniform(-0.5, 1.5, (n, 2)) * [width, height]
    angle = rng.choice([0, 90, 180, 270, -45, None, None, None], n)
    angle = np.array([rng.uniform(-180, 180) if a is None else a for a in angle])
    size = width * 10 ** rng.uniform(-2, 2, (n, 2))
    whole = rng.random(n) < 0.3  # edges on pixel centres
    centre[whole], size[whole] = np.round(centre[whole]), 2 * np.round(size[whole] / 2)
    return centre, np.deg2rad(angle), size


def corners_of(centre, angle, size):
    return rectangle(centre, np.stack([np.cos(angle), np.sin(angle)], axis=1), size[:, 0], size[:, 1])[:, None]


def mask(polygon, height=12, width=16):
    """Pixels that the painter fills, (height, width) bool."""
    blank = np.zeros((1, height, width, 1), np.uint8)
    return paint(blank, np.asarray(polygon, np.float64)[None, None], np.array([True]), (255, 255, 255))[0, :, :, 0] > 0


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (24, 17), (48, 48)])
def test_exactly_the_pixels_inside_are_filled(height, width, channels):
    rng = np.random.default_rng(height)
    n = 400
    centre, angle, size = random_rectangles(n, height, width, rng)
    images = rng.integers(1, 200, (n, height, width, channels), np.uint8)
    painted = paint(images, corners_of(centre, angle, size), np.ones(n, bool), ORANGE)
    inside = np.stack([reference(*one, height, width) for one in zip(centre, angle, size, strict=True)])
    color = ORANGE if channels == 3 else [round(0.299 * 250 + 0.587 * 130 + 0.114 * 20)]
    np.testing.assert_array_equal(painted, np.where(inside[..., None], np.uint8(color), images))
    assert 0.1 < inside.mean() < 0.9


@pytest.mark.parametrize("turns", range(4))
def test_whole_number_edges_belong_to_the_polygon_at_every_quarter_turn(turns):
    angle = np.array([turns * np.pi / 2])
    size = np.array([[6.0, 4.0] if turns % 2 == 0 else [4.0, 6.0]])
    expected = np.zeros((12, 16), bool)
    expected[3:8, 4:11] = True
    np.testing.assert_array_equal(mask(corners_of(np.array([[7.0, 5.0]]), angle, size)[0, 0]), expected)


@pytest.mark.parametrize(("beyond", "filled"), [(-0.5, True), (0.5, True), (2, False)])
def test_an_edge_reaches_its_tolerance_and_no_further(beyond, filled):
    edge = 10 - beyond * TOLERANCE
    assert mask([[2, 2], [edge, 2], [edge, 6], [2, 6]])[4, 10] == filled


def test_either_orientation_and_any_first_corner_fill_the_same():
    polygon = np.array([[3.2, 1.1], [12.7, 4.0], [9.9, 10.3], [1.0, 7.5]])
    masks = [mask(np.roll(p, k, axis=0)) for p in (polygon, polygon[::-1]) for k in range(4)]
    assert all((m == masks[0]).all() for m in masks)
    assert masks[0].any()


def test_any_convex_polygon_is_filled():
    y, x = np.mgrid[:12, :16]
    np.testing.assert_array_equal(mask([[2, 1], [9, 1], [2, 8]]), (x >= 2) & (y >= 1) & (x + y <= 10))
    octagon = [[5, 2], [8, 2], [11, 5], [11, 7], [8, 10], [5, 10], [2, 7], [2, 5]]
    diamond = (np.abs(x - 6.5) + np.abs(y - 6) <= 5.5) & (np.abs(x - 6.5) <= 4.5) & (np.abs(y - 6) <= 4)
    np.testing.assert_array_equal(mask(octagon), diamond)


def test_polygons_without_area_fill_the_pixel_centres_they_touch():
    y, x = np.mgrid[:12, :16]
    np.testing.assert_array_equal(mask([[5, 4]] * 4), (x == 5) & (y == 4))
    assert not mask([[5.5, 4]] * 4).any()
    np.testing.assert_array_equal(mask([[2, 4], [9, 4], [9, 4], [2, 4]]), (y == 4) & (x >= 2) & (x <= 9))
    np.testing.assert_array_equal(mask([[2, 3], [2, 3], [7, 8], [7, 8]]), (y - x == 1) & (x >= 2) & (x <= 7))


def test_polygons_off_the_image_fill_nothing():
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])
    for shift in ([-5, 3], [16, 3], [3, -5], [3, 12], [1e9, 1e9], [-1e9, 5]):
        assert not mask(square + shift).any(), shift


def test_a_polygon_far_larger_than_the_image_fills_it():
    assert mask(1e9 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])).all()


def test_only_covered_images_are_painted_each_with_its_own_polygon():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (6, 10, 14, 3), np.uint8)
    corners = corners_of(*random_rectangles(6, 10, 14, rng))
    covered = np.array([True, False, True, True, False, True])
    corners[~covered] = np.nan  # a face that is left out has no corners
    painted = paint(images, corners, covered, ORANGE)
    np.testing.assert_array_equal(painted[~covered], images[~covered])
    for k in np.flatnonzero(covered):
        alone = paint(images[k : k + 1], corners[k : k + 1], np.array([True]), ORANGE)
        np.testing.assert_array_equal(painted[k : k + 1], alone)


SQUARE = np.array([[[[1.0, 1], [4, 1], [4, 4], [1, 4]]]])


def test_a_read_only_map_is_read_and_not_written(tmp_path):
    np.save(tmp_path / "faces.npy", np.full((1, 8, 8, 3), 7, np.uint8))
    images = np.load(tmp_path / "faces.npy", mmap_mode="r")
    corners = SQUARE.copy()
    painted = paint(images, corners, np.array([True]), ORANGE)
    assert painted.flags.writeable
    assert painted[0, 2, 2].tolist() == list(ORANGE)
    assert (np.load(tmp_path / "faces.npy") == 7).all()
    np.testing.assert_array_equal(corners, SQUARE)


@pytest.mark.parametrize("covered", [True, False])
def test_without_out_the_result_shares_no_memory_with_the_images(covered):
    images = np.full((1, 8, 8, 3), 7, np.uint8)
    painted = paint(images, SQUARE, np.array([covered]), ORANGE)
    assert not np.shares_memory(painted, images)
    assert (images == 7).all()


def test_out_takes_the_result_also_in_place():
    images = np.random.default_rng(2).integers(0, 256, (1, 8, 8, 3), np.uint8)
    expected = paint(images, SQUARE, np.array([True]), ORANGE)
    other = np.empty_like(images)
    assert paint(images, SQUARE, np.array([True]), ORANGE, out=other) is other
    assert paint(images, SQUARE, np.array([True]), ORANGE, out=images) is images
    np.testing.assert_array_equal(other, expected)
    np.testing.assert_array_equal(images, expected)


def test_images_in_another_memory_order_are_painted_alike():
    images = np.random.default_rng(3).integers(0, 256, (1, 8, 8, 3), np.uint8)
    expected = paint(images, SQUARE, np.array([True]), ORANGE)
    np.testing.assert_array_equal(paint(np.asfortranarray(images), SQUARE, np.array([True]), ORANGE), expected)
    mirrored = np.ascontiguousarray(images[:, :, ::-1])[:, :, ::-1]
    np.testing.assert_array_equal(paint(mirrored, SQUARE, np.array([True]), ORANGE), expected)


def test_an_empty_batch_stays_empty():
    empty = np.zeros((0, 8, 8, 3), np.uint8)
    assert paint(empty, np.zeros((0, 1, 4, 2)), np.zeros(0, bool), ORANGE).shape == (0, 8, 8, 3)


def test_what_cannot_be_painted_is_refused():
    images, covered = np.zeros((1, 8, 8, 3), np.uint8), np.array([True])
    with pytest.raises(ValueError, match="not finite"):
        paint(images, np.full((1, 1, 4, 2), np.nan), covered, ORANGE)
    with pytest.raises(ValueError, match="uint8"):
        paint(images.astype(np.float32), SQUARE, covered, ORANGE)
    with pytest.raises(ValueError, match="polygons"):
        paint(images, SQUARE[0], covered, ORANGE)
    with pytest.raises(ValueError, match="C-contiguous"):
        paint(images, SQUARE, covered, ORANGE, out=np.asfortranarray(images))
