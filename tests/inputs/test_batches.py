import cv2
import numpy as np
import pytest

from fer_exp.datasets.faces import Faces
from fer_exp.inputs.batches import EpochSampler, batches
from fer_exp.inputs.pictures import degraded
from fer_exp.inputs.source import Source
from fer_exp.inputs.variants import build_samples
from fer_exp.occlusion.placement import place_occluder


def read(data):
    images, labels = zip(*data.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def everything(source, variant="normal"):
    rows = np.arange(len(source.faces))
    return build_samples(variant, rows, source.faces.labels)


def test_uncovered_pictures_pass_unchanged_in_file_order(source):
    images, labels = read(batches(source, everything(source), 7))
    assert images.dtype == np.float32
    assert (images == source.faces.pixels).all()
    assert (labels == source.faces.labels).all()


def test_covered_pictures_are_those_of_the_one_painter(source):
    found = everything(source, "mixed_unique")
    images, _ = read(batches(source, found, 7))
    expected = source.placement.paint(source.faces.pixels, found.rows, found.covered)
    assert (images == expected).all()
    assert (images[found.covered] != source.faces.pixels[found.covered]).any()


def test_memory_is_not_painted_on(source):
    before = source.faces.pixels.copy()
    read(batches(source, everything(source, "occluded"), 16))
    assert (source.faces.pixels == before).all()


def test_the_number_of_batches_is_known(source):
    assert len(batches(source, everything(source), 32)) == 3


def test_a_cover_is_needed_to_cover(source):
    bare = source._replace(placement=None)
    with pytest.raises(ValueError, match="bars"):
        batches(bare, everything(bare, "occluded"), 8)


def on_disk(tmp_path, images, suffix):
    for i, image in enumerate(images):
        cv2.imwrite(str(tmp_path / f"{i}{suffix}"), image[..., ::-1])
    n = len(images)
    marks = [[[0.1, 0.4], [0.9, 0.4], [0.3, 0.4], [0.7, 0.4]]]
    landmarks = np.zeros((n, 68, 2), np.float32)
    sizes = np.array([image.shape[:2] for image in images], np.int32)
    landmarks[:, [0, 16, 36, 45]] = np.array(marks) * sizes[:, None, ::-1]
    ids = np.array([f"{i}{suffix}" for i in range(n)])
    zeros = np.zeros(n, int)
    return Faces("disk", ("a", "b"), ids, zeros, np.full(n, "train"), sizes, ids.astype("S"), landmarks, "f", tmp_path)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_files_decode_bit_for_bit_as_opencv_does(tmp_path, quest2, suffix):
    rng = np.random.default_rng(0)
    images = [cv2.GaussianBlur(rng.integers(0, 255, (20, 20, 3), dtype=np.uint8), (0, 0), 1) for _ in range(3)]
    faces = on_disk(tmp_path, images, suffix)
    source = Source(faces, place_occluder(faces.landmarks, faces.sizes, quest2), 20, 3)
    found, _ = read(batches(source, build_samples("normal", np.arange(3), faces.labels), 2))
    expected = [cv2.imread(faces.path(i))[..., ::-1] for i in range(3)]
    assert (found == np.stack(expected)).all()


def test_pictures_of_several_sizes_are_painted_at_their_own_size_and_then_resized(tmp_path, quest2):
    images = [np.full((s, s, 3), 200, np.uint8) for s in (12, 24, 40)]
    faces = on_disk(tmp_path, images, ".png")
    source = Source(faces, place_occluder(faces.landmarks, faces.sizes, quest2), 24, 3)
    found, _ = read(batches(source, build_samples("occluded", np.arange(3), faces.labels), 2))
    assert found.shape == (3, 24, 24, 3)
    dark = [(image.mean(-1) < 100).mean() for image in found]
    assert dark == pytest.approx([0.8 * 0.8 * 105 / 224] * 3, abs=0.06)


@pytest.mark.parametrize("channels", [1, 3])
def test_colour_and_grey_follow_the_model(source, channels):
    images, _ = read(batches(source._replace(channels=channels), everything(source), 16))
    assert images.shape[-1] == channels
    if channels == 1:
        luma = source.faces.pixels @ np.array([0.299, 0.587, 0.114])
        assert images[..., 0] == pytest.approx(luma, abs=0.1)


def test_the_order_is_a_function_of_seed_and_epoch():
    labels = np.arange(50) % 5
    first, second = EpochSampler(labels, 1), EpochSampler(labels, 1)
    second.epoch = 2
    assert sorted(first()) == list(range(50))
    assert (first() == EpochSampler(labels, 1)()).all()
    assert (first() != second()).any()
    assert (first() != EpochSampler(labels, 2)()).any()


def test_the_order_is_asked_anew_at_every_epoch(source):
    order = EpochSampler(source.faces.labels, 0)
    data = batches(source, everything(source), 8, order)
    seen = []
    for order.epoch in (1, 2, 1):
        seen.append(read(data)[1].tolist())
    assert seen[0] == seen[2] != seen[1]


def test_resampling_draws_equally_many_of_each_class_and_every_rare_face():
    labels = np.array([0] * 40 + [1] * 15 + [2] * 5)
    drawn = EpochSampler(labels, 0, resample=True)()
    assert np.bincount(labels[drawn]).tolist() == [20, 20, 20]
    assert set(range(55, 60)) <= set(drawn.tolist())


def test_degraded_pictures_keep_their_size_and_lose_what_is_finer():
    image = np.zeros((2, 32, 48, 3), np.uint8)
    image[:, :, ::2] = 255  # stripes of one pixel
    image[1, :, 24:] = 0  # and half a picture, which survives
    low = degraded(image, 8)
    assert low.shape == image.shape and low.dtype == np.uint8
    assert np.abs(low[0].astype(int) - 127).max() <= 2
    assert low[1, :, :18].mean() > 120 and low[1, :, 30:].mean() < 8
    assert image.max() == 255  # the caller's picture is as it was


@pytest.mark.parametrize("side", [None, 32, 40])
def test_pictures_that_have_no_more_pixels_stay_as_they_are(side):
    images = np.random.default_rng(0).integers(0, 256, (1, 32, 40, 1), np.uint8)
    assert degraded(images, side) is images


def test_covered_pictures_are_painted_before_they_are_degraded(source):
    found = build_samples("occluded", np.arange(4), source.faces.labels[:4])
    painted = source.placement.paint(source.faces.pixels[:4], np.arange(4), np.ones(4, bool))
    got, _ = next(batches(source._replace(degrade=8), found, 4).as_numpy_iterator())
    np.testing.assert_array_equal(got, degraded(painted, 8))


def test_an_epoch_of_faces_shows_each_once_in_a_form_that_is_drawn_anew():
    rows, labels = np.tile(np.arange(40) + 7, 2), np.tile(np.arange(40) % 3, 2)
    order = EpochSampler(labels, 1, faces=rows)
    assert len(order) == 40
    first = order()
    assert sorted(rows[first]) == sorted(set(rows))
    assert 5 < (first >= 40).sum() < 35
    order.epoch = 2
    second = order()
    forms = [dict(zip(rows[drawn], drawn >= 40, strict=True)) for drawn in (first, second)]
    assert forms[0] != forms[1]
    order.epoch = 1
    assert (order() == first).all()
    balanced = EpochSampler(np.where(labels == 2, 1, labels), 1, resample=True, faces=rows)
    drawn = balanced()
    assert np.bincount(balanced.labels[rows[drawn] - 7]).tolist() == [20, 20]


def test_where_each_face_has_one_form_an_epoch_of_faces_is_one_of_pictures():
    labels = np.arange(30) % 4
    for resample in (False, True):
        by_face = EpochSampler(labels, 3, resample, np.arange(30))
        assert (by_face() == EpochSampler(labels, 3, resample)()).all()
