"""What a JPEG keeps that is covered without loss."""

from __future__ import annotations

import os
import tempfile

import cv2
import jpeglib
import numpy as np
import pytest
from jpegs import COLOUR, JPEGS, SHAPE, bar, decoded, in_bar, jpeg_of, picture, psnr

from fer_exp.copies.encode import cover
from fer_exp.errors import DataError


def coefficients(data: bytes, folder) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each component: blocks, table of quantisation, pixels per block down and across."""
    (folder / "read.jpg").write_bytes(data)
    file = jpeglib.read_dct(str(folder / "read.jpg"))
    blocks = [b for b in (file.Y, file.Cb, file.Cr) if b is not None]
    sizes = 8 * file.samp_factor.max(axis=0) // file.samp_factor
    return [(b, file.get_component_qt(k), sizes[k]) for k, b in enumerate(blocks)]


@pytest.mark.parametrize("kind", JPEGS)
def test_without_loss_all_untouched_blocks_stay_as_they_were(kind, tmp_path):
    source = jpeg_of(kind)
    target = cover(source, bar, None)
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

    assert np.abs(decoded(cover(source, same, None)).astype(int) - decoded(source)).max() <= 1


@pytest.mark.parametrize("area", [np.s_[:, -3:], np.s_[-1:, :], np.s_[:, :]], ids=["right", "below", "all"])
@pytest.mark.parametrize("kind", ["444", "420", "grey"])
def test_without_loss_at_the_edge_of_the_picture(kind, area):
    def paint(image):
        image[area] = 17

    source = jpeg_of(kind)
    before, after = decoded(source), decoded(cover(source, paint, None))
    assert np.abs(after[area].astype(int) - 17).mean() < 8
    assert np.array_equal(before[:40, :60], after[:40, :60]) == (area != np.s_[:, :])


def test_a_grey_file_with_sampling_factors_is_covered_without_loss():
    source = bytearray(jpeg_of("grey"))
    source[source.index(b"\xff\xc0") + 11] = 0x22  # T.81, A.2.2: without a meaning for a single component
    before, after = decoded(bytes(source)), decoded(cover(bytes(source), bar, None))
    assert np.array_equal(before[40:], after[40:]) and np.abs(after[22:34, 16:46].astype(int) - COLOUR[0]).mean() < 3


def test_without_loss_needs_no_temporary_files_where_files_can_be_in_memory(monkeypatch):
    covered = cover(jpeg_of("420"), bar, None)
    monkeypatch.setattr(tempfile, "tempdir", "/there is no such folder")
    assert cover(jpeg_of("420"), bar, None) == covered
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.delattr(os, "memfd_create")  # as on macOS and Windows
    assert cover(jpeg_of("420"), bar, None) == covered


@pytest.mark.parametrize("kind", JPEGS)
def test_without_loss_a_small_area_is_painted_as_it_is_within_a_large_one(kind, tmp_path):
    def dot(image):
        image[27:31, 43:46] = 17

    def dot_and_corners(image):
        dot(image)
        image[:1, :1] = image[-1:, -1:] = 17

    alone, among = (coefficients(cover(jpeg_of(kind), paint, None), tmp_path) for paint in (dot, dot_and_corners))
    for (small, _, size), (large, _, _) in zip(alone, among, strict=True):
        block = np.s_[16 // size[0] : 48 // size[0], 32 // size[1] : 64 // size[1]]
        assert np.array_equal(small[block], large[block])


def test_samples_of_no_whole_number_of_pixels_are_refused():
    source = bytearray(jpeg_of("444"))
    frame = source.index(b"\xff\xc0")
    source[frame + 11], source[frame + 14] = 0x31, 0x21  # T.81, B.2.2: three samples of luma beside two of chroma
    with pytest.raises(DataError, match="give a quality"):
        cover(bytes(source), bar, None)
