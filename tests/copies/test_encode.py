"""What a covered picture file keeps of its source: format, pixels outside the bar, blocks, depth, alpha, metadata."""

from __future__ import annotations

import io
import sys
import threading

import cv2
import jpeglib
import numpy as np
import pytest
from PIL import Image, ImageCms

import fer_exp.copies
from fer_exp.copies.encode import covered, png
from fer_exp.errors import ConfigError, DataError

BAR = (slice(20, 37), slice(11, 50))
COLOUR = (200, 30, 90)
SHAPE = (67, 83)  # no multiple of 8
JPEGS = {
    "444": {"subsampling": 0},
    "422": {"subsampling": 1},
    "420": {"subsampling": 2},
    "420 progressive": {"subsampling": 2, "progressive": True},
    "420 restarts": {"subsampling": 2, "restart_marker_blocks": 3},
    "grey": {},
}


def picture(noise: float = 6) -> np.ndarray:
    """(67, 83, 3) uint8 RGB, smooth but for some noise."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    waves = [np.sin(x / 13) + np.cos(y / 17), np.cos(x / 19 + 1), np.sin((x + y) / 23)]
    image = np.stack(waves, axis=2) * 50 + 120 + np.random.default_rng(0).normal(0, noise, (*SHAPE, 3))
    return image.clip(0, 255).astype(np.uint8)


def bar(image: np.ndarray) -> None:
    assert image.flags.c_contiguous and image.dtype == np.uint8
    image[BAR] = COLOUR if image.shape[2] == 3 else COLOUR[0]


def in_bar() -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[BAR] = True
    return mask


def jpeg_of(kind: str, image: np.ndarray | None = None, **options) -> bytes:
    image = Image.fromarray(picture() if image is None else image)
    return saved(image.convert("L") if kind == "grey" else image, "JPEG", quality=88, **JPEGS.get(kind, {}), **options)


def saved(image: Image.Image, suffix: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, suffix, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def decoded(data: bytes) -> np.ndarray:
    """(h, w, c), colour as BGR(A)."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return image if image.ndim == 3 else image[:, :, None]


def coefficients(data: bytes, folder) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each component: blocks, table of quantisation, pixels per block down and across."""
    (folder / "read.jpg").write_bytes(data)
    file = jpeglib.read_dct(str(folder / "read.jpg"))
    blocks = [b for b in (file.Y, file.Cb, file.Cr) if b is not None]
    sizes = 8 * file.samp_factor.max(axis=0) // file.samp_factor
    return [(b, file.get_component_qt(k), sizes[k]) for k, b in enumerate(blocks)]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))


@pytest.mark.parametrize("kind", JPEGS)
def test_without_loss_all_untouched_blocks_stay_as_they_were(kind, tmp_path):
    source = jpeg_of(kind)
    target = covered(source, bar, None)
    touched_pixels = np.zeros(SHAPE, bool)
    for (old, table, size), (new, new_table, _) in zip(
        coefficients(source, tmp_path), coefficients(target, tmp_path), strict=True
    ):
        assert np.array_equal(table, new_table) and old.shape == new.shape
        for row, column in np.ndindex(old.shape[:2]):
            area = np.s_[row * size[0] : (row + 1) * size[0], column * size[1] : (column + 1) * size[1]]
            if in_bar()[area].any():
                touched_pixels[area] = True
            else:
                assert np.array_equal(old[row, column], new[row, column])
    # blended chroma carries one pixel beyond a block
    near = cv2.dilate(touched_pixels.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    before, after = decoded(source), decoded(target)
    assert 0.2 < (~near).mean() < 0.9
    assert np.array_equal(before[~near], after[~near])
    inside = after[22:34, 16:46].astype(int)  # away from the bar's edges
    assert np.abs(inside - (COLOUR[0] if kind == "grey" else COLOUR[::-1])).mean() < 3
    assert psnr(before[~in_bar()], after[~in_bar()]) > 30


def test_without_loss_the_unpainted_part_of_a_touched_block_hardly_changes():
    source = jpeg_of("420", picture(noise=0))

    def same(image):  # one pixel of the colour that is there already
        image[30, 30] = decoded(source)[30, 30, ::-1]

    assert np.abs(decoded(covered(source, same, None)).astype(int) - decoded(source)).max() <= 1


@pytest.mark.parametrize("area", [np.s_[:, -3:], np.s_[-1:, :], np.s_[:, :]], ids=["right", "below", "all"])
@pytest.mark.parametrize("kind", ["444", "420", "grey"])
def test_without_loss_at_the_edge_of_the_picture(kind, area):
    def paint(image):
        image[area] = 17

    source = jpeg_of(kind)
    before, after = decoded(source), decoded(covered(source, paint, None))
    assert np.abs(after[area].astype(int) - 17).mean() < 8
    assert np.array_equal(before[:40, :60], after[:40, :60]) == (area != np.s_[:, :])


def test_a_grey_file_with_sampling_factors_is_covered_without_loss():
    source = bytearray(jpeg_of("grey"))
    source[source.index(b"\xff\xc0") + 11] = 0x22  # T.81, A.2.2: without a meaning for a single component
    before, after = decoded(bytes(source)), decoded(covered(bytes(source), bar, None))
    assert np.array_equal(before[40:], after[40:]) and np.abs(after[22:34, 16:46].astype(int) - COLOUR[0]).mean() < 3


@pytest.mark.parametrize("kind", JPEGS)
def test_what_is_not_covered_is_the_same_file_where_nothing_is_lost(kind):
    source = jpeg_of(kind)
    assert covered(source, None, None) == source
    assert covered(source, lambda image: None, None) == source
    file = saved(Image.fromarray(picture()), "PNG")
    assert covered(file, None, 95) == covered(file, None, None) == file


@pytest.mark.parametrize("kind", JPEGS)
def test_quality_95_keeps_what_is_outside_the_bar(kind):
    source = jpeg_of(kind, picture(noise=0))
    before, after, plain = (decoded(data) for data in (source, covered(source, bar, 95), covered(source, None, 95)))
    assert before.shape == after.shape
    far = cv2.dilate(in_bar().astype(np.uint8), np.ones((33, 33), np.uint8)) == 0
    assert psnr(before[far], after[far]) > 50
    assert psnr(before, plain) > 50
    assert np.array_equal(plain[far], after[far])  # compressed alike
    assert np.abs(after[22:34, 16:46].astype(int) - (COLOUR[0] if kind == "grey" else COLOUR[::-1])).mean() < 3


@pytest.mark.parametrize("quality", [50, None])
@pytest.mark.parametrize("kind", JPEGS)
def test_components_and_subsampling_of_a_jpeg_stay(kind, quality):
    source, target = (opened(data) for data in (jpeg_of(kind), covered(jpeg_of(kind), bar, quality)))
    assert (target.format, target.mode, target.size) == ("JPEG", source.mode, source.size)
    assert [part[1:3] for part in target.layer] == [part[1:3] for part in source.layer] or kind == "grey"


def test_a_lower_quality_makes_a_smaller_file():
    sizes = [len(covered(jpeg_of("420"), bar, quality)) for quality in (30, 60, 95)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[2] / 2


@pytest.mark.parametrize("quality", [90, None])
def test_metadata_of_a_jpeg_stay_and_its_orientation_is_not_applied(quality):
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = jpeg_of("420", exif=exif, icc_profile=profile, comment=b"gone")
    target = covered(source, bar, quality)
    result = opened(target)
    assert result.size == (SHAPE[1], SHAPE[0])
    assert result.getexif()[0x0112] == 6 and result.info["icc_profile"] == profile
    assert result.info["exif"] == opened(source).info["exif"] and result.info["jfif"]
    assert np.abs(decoded(target)[22:34, 16:46].astype(int) - COLOUR[::-1]).mean() < 3


@pytest.mark.parametrize("quality", [95, None])
@pytest.mark.parametrize("kind", ["CMYK", "RGB"])
def test_jpegs_of_other_colours_become_ordinary_ones(kind, quality):
    image = Image.fromarray(picture(noise=0))
    if kind == "CMYK":
        source = saved(image.convert("CMYK"), "JPEG", quality=95, icc_profile=b"inks")
    else:
        source = saved(image, "JPEG", quality=95, keep_rgb=True, icc_profile=b"screen")
    result = opened(covered(source, bar, quality))
    assert result.mode == "RGB" and "jfif" in result.info
    assert result.info.get("icc_profile") == (b"screen" if kind == "RGB" else None)
    pixels = np.asarray(result)
    assert psnr(np.asarray(opened(source).convert("RGB"))[45:], pixels[45:]) > 40
    assert np.abs(pixels[22:34, 16:46].astype(int) - COLOUR).mean() < 3


def pngs() -> dict[str, bytes]:
    rgb = Image.fromarray(picture())
    alpha = Image.fromarray(np.linspace(0, 255, rgb.width * rgb.height).astype(np.uint8).reshape(SHAPE))
    deep = picture().astype(np.uint16) * 251 + 7
    rgba, grey, palette = rgb.copy(), rgb.convert("L"), rgb.quantize(32)
    rgba.putalpha(alpha)
    grey_alpha = Image.merge("LA", (grey, alpha))
    return {
        "rgb": saved(rgb, "PNG"),
        "grey": saved(grey, "PNG"),
        "rgba": saved(rgba, "PNG"),
        "grey and alpha": saved(grey_alpha, "PNG"),
        "palette": saved(palette, "PNG"),
        "palette with transparency": saved(palette, "PNG", transparency=3),
        "rgb with transparent colour": saved(rgb, "PNG", transparency=picture()[0, 0].tolist()),
        "1 bit": saved(rgb.convert("1"), "PNG"),
        "16-bit grey": cv2.imencode(".png", deep[:, :, 0])[1].tobytes(),
        "16-bit rgb": cv2.imencode(".png", deep)[1].tobytes(),
        "16-bit rgba": cv2.imencode(".png", np.dstack([deep, deep[:, :, 0]]))[1].tobytes(),
    }


@pytest.mark.parametrize("kind", pngs())
def test_a_png_loses_nothing_but_what_is_covered(kind):
    source = pngs()[kind]
    target = covered(source, bar, 95)
    before, after = decoded(source), decoded(target)
    assert target.startswith(b"\x89PNG") and target == covered(source, bar, None)
    assert (before.shape, before.dtype) == (after.shape, after.dtype)
    assert np.array_equal(before[~in_bar()], after[~in_bar()])
    full = np.iinfo(after.dtype).max
    value = np.array(COLOUR[:1] if after.shape[2] == 1 else COLOUR[::-1]) * (full // 255)
    assert (after[in_bar()][:, : len(value)] == value).all() and (after[in_bar()][:, len(value) :] == full).all()


def test_pillow_reads_the_same_alpha_and_depth():
    results = {kind: opened(covered(data, bar, None)) for kind, data in pngs().items()}
    modes = {"grey": "L", "rgba": "RGBA", "grey and alpha": "RGBA", "palette": "RGB", "1 bit": "L"}
    assert {kind: results[kind].mode for kind in modes} == modes
    assert results["16-bit grey"].mode.startswith("I;16")


def test_metadata_of_a_png_stay():
    exif = Image.Exif()
    exif[0x0112] = 3
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = saved(Image.fromarray(picture()), "PNG", exif=exif, icc_profile=profile, dpi=(300, 300))
    result = opened(covered(source, bar, None))
    result.load()
    assert result.getexif()[0x0112] == 3 and result.info["icc_profile"] == profile
    assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert np.array_equal(np.asarray(result)[40:], picture()[40:])


@pytest.mark.parametrize("quality", [95, None])
@pytest.mark.parametrize("kind", ["420", "420 progressive", "grey", "PNG"])
def test_a_file_that_ends_too_early_is_an_error(kind, quality, capfd):
    source = saved(Image.fromarray(picture()), "PNG") if kind == "PNG" else jpeg_of(kind)
    for length in [2, 3, 20, 100, *range(300, len(source), 211), len(source) - 2, len(source) - 1]:
        with pytest.raises(DataError, match=r"damaged picture|no JPEG or PNG"):
            covered(source[:length], bar, quality)


def test_what_follows_the_end_of_a_jpeg_does_not_matter():
    source = jpeg_of("420")
    assert np.array_equal(decoded(covered(source + b"\0" * 9, bar, 95)), decoded(covered(source, bar, 95)))


def test_a_changed_byte_in_a_png_is_an_error():
    source = bytearray(saved(Image.fromarray(picture()), "PNG"))
    source[len(source) // 2] ^= 1
    with pytest.raises(DataError, match="checksum"):
        covered(bytes(source), bar, 95)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8", b"\xff\xd8" + b"\0" * 50, b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_an_error(data):
    with pytest.raises(DataError):
        covered(data, bar, 95)


@pytest.mark.parametrize("quality", [0, 101])
def test_a_quality_out_of_range_is_an_error(quality):
    with pytest.raises(ValueError, match="1 to 100"):
        covered(jpeg_of("420"), bar, quality)


def test_without_jpeglib_all_but_jpegs_without_loss_works(monkeypatch):
    monkeypatch.delitem(sys.modules, "fer_exp.copies.lossless", raising=False)
    monkeypatch.delattr(fer_exp.copies, "lossless", raising=False)
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    assert covered(jpeg_of("420"), bar, 95) and covered(pngs()["rgb"], bar, None)
    with pytest.raises(ConfigError, match="jpeglib"):
        covered(jpeg_of("420"), bar, None)


def test_threads_do_not_disturb_each_other():
    sources = [jpeg_of(kind) for kind in JPEGS] * 5
    expected = [covered(source, bar, None) for source in sources]
    found = [b""] * len(sources)

    def work(first):
        for k in range(first, len(sources), 5):
            found[k] = covered(sources[k], bar, None)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


@pytest.mark.parametrize("channels", [1, 3])
def test_png_of_an_image(channels):
    image = picture()[:, :, :channels].copy()
    result = np.asarray(opened(png(image)))
    assert np.array_equal(result.reshape(image.shape), image)
