import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from trees import damaged, put

from fer_exp.datasets import images
from fer_exp.datasets.faces import Faces
from fer_exp.errors import DataError
from fer_exp.inputs import pictures
from fer_exp.inputs.batches import EpochSampler, batches
from fer_exp.inputs.picture_cache import PictureCache
from fer_exp.inputs.pictures import PictureReader, decode, fit
from fer_exp.inputs.source import ExtraTestSet, Source
from fer_exp.inputs.variants import build_samples
from fer_exp.occlusion.placement import place_occluder
from fer_exp.system.regular import read_bytes

SAMPLINGS = {"444": 0x111111, "422": 0x211111, "420": 0x221111, "440": 0x121111, "411": 0x411111}


def noise(height, width):
    picture = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(picture, (0, 0), 1)


def encoded(picture, suffix=".jpg", *flags):
    return cv2.imencode(suffix, picture, list(flags))[1].tobytes()


def saved(picture, mode, **options):
    file = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(file, **options)
    return file.getvalue()


def assert_decoded_as_tensorflow_does(data, channels):
    if tf.io.is_jpeg(data):
        expected = tf.io.decode_jpeg(data, channels, dct_method="INTEGER_ACCURATE").numpy()
    else:
        expected = tf.io.decode_png(data, channels).numpy()
    out = np.empty(expected.shape, np.uint8)
    decode(data, out)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("progressive", [0, 1])
def test_jpegs_decode_bit_for_bit_as_tensorflow_does(channels, sampling, progressive):
    for height, width in ((48, 48), (33, 47), (1, 1), (2, 9)):
        for quality in (20, 75, 100):
            flags = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
            flags += (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling])
            assert_decoded_as_tensorflow_does(encoded(noise(height, width), ".jpg", *flags), channels)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "mode, options",
    [("L", {"format": "JPEG"}), ("RGB", {"format": "JPEG", "keep_rgb": True}), ("RGBA", {"format": "PNG"})]
    + [(mode, {"format": "PNG"}) for mode in ("P", "L", "I;16", "1")],
)
def test_other_kinds_of_pictures_decode_as_tensorflow_does(channels, mode, options):
    picture = noise(20, 30) if mode != "I;16" else noise(20, 30)[..., 0]
    assert_decoded_as_tensorflow_does(saved(picture, mode, **options), channels)


def test_cmyk_and_trailing_bytes_decode_as_tensorflow_does():
    assert_decoded_as_tensorflow_does(saved(noise(20, 30), "CMYK", format="JPEG"), 3)
    assert_decoded_as_tensorflow_does(encoded(noise(20, 30)) + b"more", 3)


def test_cmyk_decodes_as_grey_too():
    data = saved(noise(20, 30), "CMYK", format="JPEG")
    colour, grey = np.empty((20, 30, 3), np.uint8), np.empty((20, 30, 1), np.uint8)
    decode(data, colour)
    decode(data, grey)
    np.testing.assert_array_equal(grey, tf.image.rgb_to_grayscale(colour).numpy())


@pytest.mark.parametrize(
    "whole",
    [
        encoded(noise(40, 40)),
        saved(noise(40, 40), "CMYK", format="JPEG"),
        saved(noise(40, 40), "RGB", format="JPEG", keep_rgb=True),
        saved(noise(40, 40), "RGB", format="PNG"),
        saved(noise(40, 40), "P", format="PNG"),
    ],
    ids=["jpeg", "cmyk", "rgb jpeg", "png", "palette"],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_damaged_pictures_that_the_first_look_lets_through_decode(tmp_path, whole, channels):
    rng = np.random.default_rng(1)
    contents = [damaged(whole, rng) for _ in range(150)]
    names = [put(tmp_path / f"{i}.jpg", data).name for i, data in enumerate(contents)]
    sizes, _, _, unreadable = images.check(tmp_path, names, 1)
    assert unreadable
    for row in set(range(150)) - set(unreadable):
        decode(contents[row], np.empty((*sizes[row], channels), np.uint8))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_that_tensorflow_alone_refuses_is_decoded_as_the_first_look_does(tmp_path, channels):
    whole = encoded(noise(40, 40))
    middle = (whole.index(b"\xff\xda") + len(whole)) // 2
    data = whole[:middle] + b"\xff\xee\xce\x3c" + whole[middle:]  # a segment longer than what is left of the file
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.io.decode_jpeg(data, channels)
    assert not images.check(tmp_path, [put(tmp_path / "a.jpg", data).name], 1).unreadable
    out, before = (np.empty((40, 40, channels), np.uint8) for _ in range(2))
    decode(data, out)
    decode(whole, before)
    np.testing.assert_array_equal(out[:8], before[:8])


@pytest.mark.parametrize("change", [lambda data: data[:-20], lambda data: b"no picture", lambda data: b""])
def test_a_picture_that_was_damaged_since_is_named(tmp_path, change):
    faces = on_disk(tmp_path, [noise(16, 16)] * 2)
    path = Path(faces.path(1))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=r"1\.jpg cannot be read any more"):
        PictureReader(Source(faces, None, 16, 3))(np.arange(2), np.zeros(2, bool))


def test_a_picture_of_another_size_is_named(tmp_path):
    faces = on_disk(tmp_path, [noise(16, 16)] * 2)
    Path(faces.path(1)).write_bytes(encoded(noise(12, 20)))
    with pytest.raises(DataError, match=r"1\.jpg .*: it now has 20x12 pixels, not 16x16"):
        PictureReader(Source(faces, None, 16, 3))(np.arange(2), np.zeros(2, bool))


def on_disk(folder, images):
    n = len(images)
    for i, image in enumerate(images):
        (folder / f"{i}.jpg").write_bytes(encoded(image))
    ids, sizes = np.array([f"{i}.jpg" for i in range(n)]), np.array([image.shape[:2] for image in images], np.int32)
    landmarks = np.zeros((n, 68, 2), np.float32)
    landmarks[:, [0, 16, 36, 45]] = np.array([[[0.1, 0.4], [0.9, 0.4], [0.3, 0.4], [0.7, 0.4]]]) * sizes[:, None, ::-1]
    labels, parts = np.arange(n) % 2, np.full(n, "train")
    return Faces("disk", ("a", "b"), ids, labels, parts, sizes, ids.astype("S"), landmarks, "f", folder)


@pytest.fixture(params=["one size, as the network's", "one size", "several sizes"])
def pictures_source(request, tmp_path, quest2):
    heights = {"one size, as the network's": [20] * 9, "one size": [31] * 9, "several sizes": [20, 31, 44] * 3}
    faces = on_disk(tmp_path, [noise(height, height) for height in heights[request.param]])
    placement = place_occluder(faces.landmarks, faces.sizes, quest2)
    return Source(faces, placement, 20, 3, degrade=12, extra_test_sets={"20px": ExtraTestSet(placement, 20)})


def epochs(source, variant="mixed", n=2):
    samples = build_samples(variant, np.arange(len(source.faces)), source.faces.labels)
    order = EpochSampler(source.faces.labels[samples.rows], 0)
    data = batches(source, samples, 4, order)
    found = []
    for order.epoch in range(1, n + 1):
        found += [images for images, _ in data.as_numpy_iterator()]
    return np.concatenate(found)


def test_a_batch_is_what_each_step_makes_of_it_alone(pictures_source):
    source = pictures_source
    rows, covered = np.arange(9), np.arange(9) % 2 == 0
    got = PictureReader(source)(rows, covered)
    for row in rows:
        picture = tf.io.decode_jpeg(read_bytes(source.faces.path(row)), 3, dct_method="INTEGER_ACCURATE").numpy()
        painted = source.placement.paint(picture[None], rows[row : row + 1], covered[row : row + 1])
        low = pictures.degraded(painted, 12)
        # the resize of what already has the size changes nothing either
        expected = tf.image.resize(low, (20, 20), "bilinear", antialias=True).numpy()
        np.testing.assert_array_equal(got[row], expected[0])


def test_pictures_from_memory_are_those_from_their_files(pictures_source):
    cache = PictureCache(10**7)
    np.testing.assert_array_equal(epochs(pictures_source), epochs(pictures_source._replace(cache=cache)))
    assert cache.spent > 0


def test_a_picture_is_decoded_once_over_epochs_and_test_sets(pictures_source, monkeypatch):
    decoded = []
    read_file = pictures._read_file
    monkeypatch.setattr(pictures, "_read_file", lambda path, out: (decoded.append(path), read_file(path, out)))
    source = pictures_source._replace(cache=PictureCache(10**7))
    epochs(source, "normal", 3)
    assert len(decoded) == 9
    epochs(source, "mixed", 2)
    assert len(decoded) == 18  # once more, covered
    further, variant = source.for_test_set("20px")
    epochs(further, variant)
    assert len(decoded) == 27  # degraded in another way
    epochs(further, variant)
    epochs(source, "occluded")
    assert len(decoded) == 27


def test_without_room_every_epoch_reads_the_files(pictures_source, monkeypatch):
    decoded = []
    read_file = pictures._read_file
    monkeypatch.setattr(pictures, "_read_file", lambda path, out: (decoded.append(path), read_file(path, out)))
    epochs(pictures_source._replace(cache=PictureCache(0)), "normal", 3)
    assert len(decoded) == 27


def test_nothing_is_resized_where_sizes_agree(monkeypatch):
    monkeypatch.setattr(tf.image, "resize", None)
    images = np.zeros((2, 8, 8, 3), np.uint8)
    assert fit(images, 8, 3) is images
    assert fit(images, 8, 1).shape == (2, 8, 8, 1)


def test_what_is_not_resized_is_kept_in_a_byte_per_pixel(tmp_path):
    faces = on_disk(tmp_path, [noise(16, 16)] * 2)
    assert PictureReader(Source(faces, None, 16, 3)).dtype == np.uint8
    assert PictureReader(Source(faces, None, 20, 3)).dtype == np.float32
