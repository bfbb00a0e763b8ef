"""What a covered picture file keeps of its source: format, pixels outside the bar, blocks, depth, alpha, metadata."""

from __future__ import annotations

import sys
import threading

import cv2
import numpy as np
import pytest
from jpegs import COLOUR, JPEGS, SHAPE, bar, decoded, in_bar, jpeg_of, opened, picture, psnr, saved
from PIL import Image, ImageCms

import fer_exp.copies
from fer_exp.copies.encode import cover, encode_png
from fer_exp.errors import ConfigError, DataError


@pytest.mark.parametrize("kind", JPEGS)
def test_what_is_not_covered_is_the_same_file_where_nothing_is_lost(kind):
    source = jpeg_of(kind)
    assert cover(source, None, None) == source
    assert cover(source, lambda image: None, None) == source
    file = saved(Image.fromarray(picture()), "PNG")
    assert cover(file, None, 95) == cover(file, None, None) == file


@pytest.mark.parametrize("kind", JPEGS)
def test_quality_95_keeps_what_is_outside_the_bar(kind):
    source = jpeg_of(kind, picture(noise=0))
    before, after, plain = (decoded(data) for data in (source, cover(source, bar, 95), cover(source, None, 95)))
    assert before.shape == after.shape
    far = cv2.dilate(in_bar().astype(np.uint8), np.ones((33, 33), np.uint8)) == 0
    assert psnr(before[far], after[far]) > 50
    assert psnr(before, plain) > 50
    assert np.array_equal(plain[far], after[far])  # compressed alike
    assert np.abs(after[22:34, 16:46].astype(int) - (COLOUR[0] if kind == "grey" else COLOUR[::-1])).mean() < 3


@pytest.mark.parametrize("quality", [50, None])
@pytest.mark.parametrize("kind", JPEGS)
def test_components_and_subsampling_of_a_jpeg_stay(kind, quality):
    source, target = (opened(data) for data in (jpeg_of(kind), cover(jpeg_of(kind), bar, quality)))
    assert (target.format, target.mode, target.size) == ("JPEG", source.mode, source.size)
    assert [part[1:3] for part in target.layer] == [part[1:3] for part in source.layer] or kind == "grey"


def test_a_lower_quality_makes_a_smaller_file():
    sizes = [len(cover(jpeg_of("420"), bar, quality)) for quality in (30, 60, 95)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[2] / 2


@pytest.mark.parametrize("quality", [90, None])
def test_metadata_of_a_jpeg_stay_and_its_orientation_is_not_applied(quality):
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = jpeg_of("420", exif=exif, icc_profile=profile, comment=b"gone")
    target = cover(source, bar, quality)
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
    result = opened(cover(source, bar, quality))
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
    target = cover(source, bar, 95)
    before, after = decoded(source), decoded(target)
    assert target.startswith(b"\x89PNG") and target == cover(source, bar, None)
    assert (before.shape, before.dtype) == (after.shape, after.dtype)
    assert np.array_equal(before[~in_bar()], after[~in_bar()])
    full = np.iinfo(after.dtype).max
    value = np.array(COLOUR[:1] if after.shape[2] == 1 else COLOUR[::-1]) * (full // 255)
    assert (after[in_bar()][:, : len(value)] == value).all() and (after[in_bar()][:, len(value) :] == full).all()


def test_pillow_reads_the_same_alpha_and_depth():
    results = {kind: opened(cover(data, bar, None)) for kind, data in pngs().items()}
    modes = {"grey": "L", "rgba": "RGBA", "grey and alpha": "RGBA", "palette": "RGB", "1 bit": "L"}
    assert {kind: results[kind].mode for kind in modes} == modes
    assert results["16-bit grey"].mode.startswith("I;16")


def test_metadata_of_a_png_stay():
    exif = Image.Exif()
    exif[0x0112] = 3
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = saved(Image.fromarray(picture()), "PNG", exif=exif, icc_profile=profile, dpi=(300, 300))
    result = opened(cover(source, bar, None))
    result.load()
    assert result.getexif()[0x0112] == 3 and result.info["icc_profile"] == profile
    assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert np.array_equal(np.asarray(result)[40:], picture()[40:])


@pytest.mark.parametrize("quality", [95, None])
@pytest.mark.parametrize("kind", ["420", "420 progressive", "grey", "PNG"])
def test_a_file_that_ends_too_early_is_an_error(kind, quality, capfd):
    source = saved(Image.fromarray(picture()), "PNG") if kind == "PNG" else jpeg_of(kind)
    for length in [2, 3, 20, 100, *range(300, len(source), 211), len(source) - 2, len(source) - 1]:
        with pytest.raises(DataError, match=r"damaged picture|not a JPEG or PNG"):
            cover(source[:length], bar, quality)


def test_what_follows_the_end_of_a_jpeg_does_not_matter():
    source = jpeg_of("420")
    assert np.array_equal(decoded(cover(source + b"\0" * 9, bar, 95)), decoded(cover(source, bar, 95)))


def test_a_changed_byte_in_a_png_is_an_error():
    source = bytearray(saved(Image.fromarray(picture()), "PNG"))
    source[len(source) // 2] ^= 1
    with pytest.raises(DataError, match="checksum"):
        cover(bytes(source), bar, 95)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8", b"\xff\xd8" + b"\0" * 50, b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_an_error(data):
    with pytest.raises(DataError):
        cover(data, bar, 95)


@pytest.mark.parametrize("quality", [0, 101])
def test_a_quality_out_of_range_is_an_error(quality):
    with pytest.raises(ValueError, match="1 to 100"):
        cover(jpeg_of("420"), bar, quality)


def test_without_jpeglib_all_but_jpegs_without_loss_works(monkeypatch):
    monkeypatch.delitem(sys.modules, "fer_exp.copies.lossless", raising=False)
    monkeypatch.delattr(fer_exp.copies, "lossless", raising=False)
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    assert cover(jpeg_of("420"), bar, 95) and cover(pngs()["rgb"], bar, None)
    with pytest.raises(ConfigError, match="jpeglib"):
        cover(jpeg_of("420"), bar, None)


def test_threads_do_not_disturb_each_other():
    sources = [jpeg_of(kind) for kind in JPEGS] * 5
    expected = [cover(source, bar, None) for source in sources]
    found = [b""] * len(sources)

    def work(first):
        for k in range(first, len(sources), 5):
            found[k] = cover(sources[k], bar, None)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


@pytest.mark.parametrize("channels", [1, 3])
def test_png_of_an_image(channels):
    image = picture()[:, :, :channels].copy()
    result = np.asarray(opened(encode_png(image)))
    assert np.array_equal(result.reshape(image.shape), image)
