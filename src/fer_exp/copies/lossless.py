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

import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import jpeglib
import numpy as np
from scipy import fft

from fer_exp.errors import DataError

# RGB and 1 -> YCbCr (ITU-T T.871, 7).
YCC = np.array([[0.299, 0.587, 0.114, 0], [-0.168736, -0.331264, 0.5, 128], [0.5, -0.418688, -0.081312, 128]])

_header_lock = threading.Lock()  # jpeglib reads headers into global variables


def repaint(data: bytes, mask: np.ndarray, values: np.ndarray) -> bytes:
    """Return a JPEG file in which some pixels have new values.

    The blocks start from their coefficients in the file, not from rounded pixels: where nothing is painted they stay
    as they were, but for the ringing of a new edge within them.

    Args:
        data: a Huffman-coded JPEG file, grey or YCbCr, without metadata other than JFIF's.
        mask: (h, w) bool, the pixels to paint.
        values: (h, w, 1 or 3) uint8, grey or RGB; read where `mask` is set.

    Returns:
        A sequential JPEG file with its own Huffman tables and the quantisation tables of `data`.

    Raises:
        DataError: libjpeg refuses the file.
        OSError: the folder for temporary files cannot be written to.
    """
    planes = cv2.transform(values, YCC) if values.shape[2] == 3 else values  # rounded and clipped, as libjpeg does
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "source.jpg"), Path(folder, "target.jpg")
        source.write_bytes(data)
        try:
            with _header_lock:
                jpeg = jpeglib.read_dct(str(source))
            jpeg.load()
            cells = jpeg.samp_factor.max(axis=0) // jpeg.samp_factor
            for k, blocks in enumerate((jpeg.Y, jpeg.Cb, jpeg.Cr)[: planes.shape[2]]):
                _repaint_component(blocks, jpeg.get_component_qt(k), mask, planes[:, :, k], tuple(cells[k]))
            jpeg.quant_tbl_no = [-1] * planes.shape[2]  # keeps tables and component names as they are
            jpeg.markers = []  # libjpeg writes JFIF's header itself
            jpeg.write_dct(str(target), flags=["+OPTIMIZE_CODING"])
        except OSError as error:
            if error.errno is not None:  # a full disk, say
                raise
            raise DataError("damaged picture: libjpeg cannot rewrite its blocks") from error
        return target.read_bytes()


def _repaint_component(
    blocks: np.ndarray, table: np.ndarray, mask: np.ndarray, plane: np.ndarray, cell: tuple[int, int]
) -> None:
    """Paint on one component in place.

    Args:
        blocks: (rows, columns, 8, 8) int16 quantised coefficients.
        table: (8, 8) steps of quantisation.
        mask: (h, w) bool.
        plane: (h, w) uint8, the component's values; read where `mask` is set.
        cell: height and width in pixels of one of its samples.
    """
    weight = mask.astype(np.float32)
    share, paint = (_samples(pixels, blocks.shape, cell) for pixels in (weight, plane * weight))
    touched = cv2.resize(share, blocks.shape[1::-1], interpolation=cv2.INTER_AREA) > 0
    share, paint = (_blocks(samples)[touched] for samples in (share, paint))
    old = fft.idctn(blocks[touched] * table.astype(np.float32), axes=(1, 2), norm="ortho") + 128
    new = old.clip(0, 255) * (1 - share) + paint
    blocks[touched] = np.rint(fft.dctn(new - 128, axes=(1, 2), norm="ortho") / table)


def _samples(pixels: np.ndarray, shape: tuple[int, ...], cell: tuple[int, int]) -> np.ndarray:
    """Return the means of pixels (h, w) float32 over the cells of a component's samples, (8 * rows, 8 * columns).

    Beyond the picture's edge its last row and column are repeated, as in libjpeg.
    """
    rows, columns = 8 * shape[0], 8 * shape[1]
    missing = rows * cell[0] - pixels.shape[0], columns * cell[1] - pixels.shape[1]
    pixels = cv2.copyMakeBorder(pixels, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
    return cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)


def _blocks(samples: np.ndarray) -> np.ndarray:
    """Return a view (rows, columns, 8, 8) of samples (8 * rows, 8 * columns)."""
    rows, columns = samples.shape
    return samples.reshape(rows // 8, 8, columns // 8, 8).swapaxes(1, 2)
