"""Painting on a JPEG's blocks of coefficients, so that all others stay what they were.

A JPEG is a grid of 8x8 blocks per component, each block the quantised coefficients of its cosine transform (ITU-T
T.81, A.3). Decoding and encoding a picture changes them all a little. Here only the blocks that the paint touches
are decoded, painted and quantised again with the file's own tables. Elsewhere

- every coefficient stays the same;
- every decoded pixel stays the same that is neither in a touched block of luma or chroma nor right beside a touched
  block of subsampled chroma: decoders blend neighbouring chroma samples, which reaches one pixel far. A touched
  block of chroma subsampled 2x2 is 16 pixels wide and high.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import jpeglib
import numpy as np
from jpeglib import _bind  # the functions in C: what jpeglib does in Python takes longer, through files and globals
from scipy import fft

from fer_exp.errors import DataError

# RGB and 1 -> YCbCr (ITU-T T.871, 7).
YCC = np.array([[0.299, 0.587, 0.114, 0], [-0.168736, -0.331264, 0.5, 128], [0.5, -0.418688, -0.081312, 128]])
COLOR_SPACES = {1: 1, 3: 3}  # components -> JCS_GRAYSCALE or JCS_YCbCr of jpeglib.h
LIBJPEG = "turbo210"  # of those within jpeglib: takes two thirds of the time of its default, 6b, for the same bytes
REFUSED = "damaged picture: libjpeg cannot rewrite its blocks"

if LIBJPEG in jpeglib.version.versions():
    jpeglib.version.set(LIBJPEG)


def repaint(data: bytes, mask: np.ndarray, values: np.ndarray, factors: Sequence[tuple[int, int]]) -> bytes:
    """Return a JPEG file in which some pixels have new values.

    The blocks start from their coefficients in the file, not from rounded pixels: where nothing is painted they stay
    as they were, but for the ringing of a new edge within them.

    Args:
        data: a Huffman-coded JPEG file, grey or YCbCr, without metadata other than JFIF's.
        mask: (h, w) bool, the pixels to paint, at least one.
        values: (h, w, 1 or 3) uint8, grey or RGB; read where `mask` is set.
        factors: sampling across and down of each component, as the frame header has them.

    Returns:
        A sequential JPEG file with its own Huffman tables and the quantisation tables of `data`.

    Raises:
        DataError: libjpeg refuses the file.
        OSError: the folder for temporary files cannot be written to, where files cannot be in memory.
    """
    across, down = np.array(factors).T
    if across.min() < 1 or down.min() < 1 or (across.max() % across).any() or (down.max() % down).any():
        raise DataError("samples that are no whole number of pixels cannot be painted without loss; give a quality")
    cells = [(down.max() // v, across.max() // h) for h, v in factors]  # pixels of a sample, down and across
    height, width = mask.shape
    components = [
        np.empty((-(-height * v // (8 * down.max())), -(-width * h // (8 * across.max())), 8, 8), np.int16)
        for h, v in factors
    ]
    tables, numbers = np.zeros((4, 8, 8), np.uint16), np.zeros(4, np.int16)
    arrays = [_pointer(blocks) for blocks in components] + [None] * (4 - len(components))
    libjpeg = _bind.CJpegLib.get()
    with _files(data) as (source, target):
        if not libjpeg.read_jpeg_dct(source, *arrays, _pointer(tables), _pointer(numbers)):
            raise DataError(REFUSED)
        _repaint_components(components, tables[numbers[: len(components)]], mask, values, cells)
        size, colours = (ctypes.c_int * 2)(*mask.shape), len(components)
        # what is None or -1 stays as the source has it: sampling, tables, their numbers; libjpeg writes JFIF's header
        kept = (None, None, COLOR_SPACES[colours], colours, None, -1, None, 0, None, None, None)
        flags = _bind.CJpegLib.flags_to_mask(["+OPTIMIZE_CODING"])
        if not libjpeg.write_jpeg_dct(source, target, *arrays, size, *kept, *flags):
            raise DataError(REFUSED)
        return Path(os.fsdecode(target)).read_bytes()


def _repaint_components(
    components: list[np.ndarray],
    tables: np.ndarray,
    mask: np.ndarray,
    values: np.ndarray,
    cells: list[tuple[int, int]],
) -> None:
    """Paint on the components in place, of which only what surrounds the painted pixels is looked at.

    Args:
        components: (rows, columns, 8, 8) int16 quantised coefficients of each.
        tables: (components, 8, 8) steps of quantisation.
        mask: (h, w) bool.
        values: (h, w, 1 or 3) uint8; read where `mask` is set.
        cells: height and width in pixels of a sample of each component.
    """
    unit = 8 * np.lcm.reduce(cells)  # pixels down and across that are whole blocks of every component
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    first = (top, left) // unit
    last = -(-np.array([top + height, left + width]) // unit)
    (up, start), (low, stop) = first * unit, last * unit
    mask, values = mask[up:low, start:stop], values[up:low, start:stop]
    weight = mask.astype(np.float32)
    planes = cv2.transform(values, YCC) if values.shape[2] == 3 else values  # rounded and clipped, as libjpeg does
    parts, places, steps, shares, paints = [], [], [], [], []
    for k, (blocks, cell) in enumerate(zip(components, cells, strict=True)):
        (row, column), (end_row, end_column) = (edge * unit // np.multiply(cell, 8) for edge in (first, last))
        part = blocks[row:end_row, column:end_column]
        share, paint = (_blocks(_samples(pixels, part.shape, cell)) for pixels in (weight, planes[:, :, k] * weight))
        touched = share.any(axis=(2, 3))
        parts.append(part)
        places.append(touched)
        shares.append(share[touched])
        paints.append(paint[touched])
        steps.append(np.broadcast_to(tables[k].astype(np.float32), shares[-1].shape))
    # all components at once: a transform of few blocks costs little more than calling it
    share, step = np.concatenate(shares), np.concatenate(steps)
    old = np.concatenate([part[touched] for part, touched in zip(parts, places, strict=True)]) * step
    old = fft.idctn(old, axes=(1, 2), norm="ortho", overwrite_x=True) + 128
    new = old.clip(0, 255) * (1 - share) + np.concatenate(paints)
    new = np.rint(fft.dctn(new - 128, axes=(1, 2), norm="ortho", overwrite_x=True) / step)
    ends = np.cumsum([len(share) for share in shares])
    for part, touched, blocks in zip(parts, places, np.split(new, ends[:-1]), strict=True):
        part[touched] = blocks


def _samples(pixels: np.ndarray, shape: tuple[int, ...], cell: tuple[int, int]) -> np.ndarray:
    """Return the means of pixels (h, w) float32 over the cells of a component's samples, (8 * rows, 8 * columns).

    Beyond the picture's edge its last row and column are repeated, as in libjpeg.
    """
    rows, columns = 8 * shape[0], 8 * shape[1]
    missing = rows * cell[0] - pixels.shape[0], columns * cell[1] - pixels.shape[1]
    if any(missing):
        pixels = cv2.copyMakeBorder(pixels, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
    if cell == (1, 1):
        return pixels
    return cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)


def _blocks(samples: np.ndarray) -> np.ndarray:
    """Return a view (rows, columns, 8, 8) of samples (8 * rows, 8 * columns)."""
    rows, columns = samples.shape
    return samples.reshape(rows // 8, 8, columns // 8, 8).swapaxes(1, 2)


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


@contextmanager
def _files(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the paths of two files, one that holds `data` and one to write: libjpeg is given no bytes by jpeglib.

    They are in memory where the system can do that (Linux).
    """
    if not hasattr(os, "memfd_create"):
        with TemporaryDirectory() as folder:
            Path(folder, "source.jpg").write_bytes(data)
            yield os.fsencode(f"{folder}/source.jpg"), os.fsencode(f"{folder}/target.jpg")
        return
    with open(os.memfd_create("source"), "wb", buffering=0) as source, open(os.memfd_create("target"), "rb") as target:
        source.write(data)
        yield b"/proc/self/fd/%d" % source.fileno(), b"/proc/self/fd/%d" % target.fileno()
