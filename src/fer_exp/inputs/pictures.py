"""A picture's way from its file, or from memory, to what a network gets.

Decode -> paint at source size -> degrade (down by area, back by bicubic interpolation) -> resize (bilinear,
antialiased) -> float.
"""

from __future__ import annotations

import io

import cv2
import numpy as np
import simplejpeg
import tensorflow as tf
from PIL import Image

from fer_exp.datasets.images import load_whole
from fer_exp.errors import DataError
from fer_exp.inputs.buffers import Buffers
from fer_exp.inputs.picture_cache import Table
from fer_exp.inputs.source import Source
from fer_exp.system.regular import read_bytes

BYTES_AT_ONCE = 2**22  # pictures painted and resized together, as they are or as they become, whichever is more
COLORS = {1: "GRAY", 3: "RGB"}
# of JPEGs that are decoded here; TensorFlow has a conversion of its own for the others (CMYK)
COLOR_SPACES = ("YCbCr", "Gray", "RGB")


class PictureReader:
    """Reads pictures of a source, and keeps them in its cache where they would otherwise be decoded or resized again.

    Several threads may read at once.
    """

    def __init__(self, source: Source) -> None:
        faces = source.faces
        self.source, self.buffers, self.scratch = source, Buffers(), Buffers()
        stored = source.channels if faces.pixels is None else faces.pixels.shape[3]
        # what is neither resized nor converted keeps its bytes: nothing is rounded, and it takes a quarter
        exact = stored == source.channels and bool((faces.sizes == source.size).all())
        self.dtype = np.dtype(np.uint8 if exact else np.float32)
        self.keeps = faces.pixels is None or not exact or source.degrade is not None

    def __call__(self, rows: np.ndarray, covered: np.ndarray) -> np.ndarray:
        """Return pictures as a network gets them, (b, size, size, channels) float32 in 0..255.

        Args:
            rows: (b,) rows of the source's faces.
            covered: (b,) bool, whether the occluder is painted on it.

        Raises:
            DataError: a picture cannot be read any more.
        """
        source = self.source
        out = self.buffers.empty((len(rows), source.size, source.size, source.channels))
        for form in np.unique(covered).tolist():
            missing = np.flatnonzero(covered == form)
            table = self._table(form)
            if table is not None:
                missing = table.read(rows, missing, out)
            for chosen in self._groups(rows, missing):
                pictures = fit(self._painted(rows[chosen], form), source.size, source.channels)
                if table is not None:
                    table.write(rows[chosen], pictures)
                for i, picture in zip(chosen.tolist(), pictures, strict=True):  # half the time of out[chosen] = ...
                    out[i] = picture
        if source.mirrored:
            out[:] = out[:, :, ::-1]
        return out

    def _table(self, covered: bool) -> Table | None:
        """Return where pictures of this form are kept; uncovered ones are the same for every occluder."""
        source = self.source
        if source.cache is None or not self.keeps:
            return None
        placement = source.placement if covered else None
        key = (source.faces, placement, source.degrade, source.size, source.channels)
        shape = (source.size, source.size, source.channels)
        return source.cache.table(key, len(source.faces), shape, self.dtype)

    def _groups(self, rows: np.ndarray, which: np.ndarray) -> list[np.ndarray]:
        """Split positions so that pictures of several sizes stand alone, and large ones take no gigabytes together."""
        sizes = self.source.faces.sizes[rows[which]]
        at_once = 1
        if len(sizes) and (sizes == sizes[0]).all():
            pixels = max(int(sizes[0].prod()), self.dtype.itemsize * self.source.size**2)
            at_once = max(1, BYTES_AT_ONCE // (pixels * self.source.channels))
        return [which[start : start + at_once] for start in range(0, len(which), at_once)]

    def _painted(self, rows: np.ndarray, covered: bool) -> np.ndarray:
        """Return pictures of one size, painted and degraded, (b, h, w, c) uint8."""
        source = self.source
        if source.faces.pixels is not None:
            pictures = np.ascontiguousarray(source.faces.pixels[rows])
        else:
            height, width = source.faces.sizes[rows[0]].tolist()
            pictures = self.scratch.empty((len(rows), height, width, source.channels), np.uint8)
            for picture, row in zip(pictures, rows.tolist(), strict=True):
                _read_file(source.faces.path(row), picture)
        if covered:
            assert source.placement is not None  # checked in `batches`
            source.placement.paint(pictures, rows, np.ones(len(rows), bool), out=pictures)
        return degraded(pictures, source.degrade)


def decode(data: bytes, out: np.ndarray) -> None:
    """Decode a JPEG or PNG file's content into `out`, (h, w, channels) uint8 RGB or grey.

    The transform of JPEGs is libjpeg's accurate integer one, bit for bit as in OpenCV and in TensorFlow's
    INTEGER_ACCURATE, which decodes what is no usual JPEG. Pillow decodes what passed the look at the dataset and
    TensorFlow refuses.

    Raises:
        OSError: the picture is damaged.
        ValueError: the picture is damaged, or of another size.
    """
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
        if space in COLOR_SPACES and (height, width) == out.shape[:2]:
            simplejpeg.decode_jpeg(data, COLORS[out.shape[2]], buffer=out)
            return
    except ValueError:  # not a JPEG, or one with a flaw that TensorFlow may see through
        pass
    with tf.device("CPU:0"):
        if data.startswith(b"\xff\xd8\xff"):
            image = _decode_unusual_jpeg(data, out.shape[2])
        else:
            image = tf.io.decode_png(data, out.shape[2]).numpy()
    if image.shape != out.shape:
        raise ValueError(f"it now has {image.shape[1]}x{image.shape[0]} pixels, not {out.shape[1]}x{out.shape[0]}")
    out[:] = image


def _decode_unusual_jpeg(data: bytes, channels: int) -> np.ndarray:
    for decoded in (channels, 3):  # TensorFlow makes no grey of CMYK
        try:
            image = tf.io.decode_jpeg(data, decoded, dct_method="INTEGER_ACCURATE")
        except tf.errors.InvalidArgumentError:
            continue
        pixels: np.ndarray = (image if decoded == channels else tf.image.rgb_to_grayscale(image)).numpy()
        return pixels
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
        load_whole(opened, data)
        return np.asarray(opened.convert("L" if channels == 1 else "RGB")).reshape(*opened.size[::-1], channels)


def _read_file(path: str, out: np.ndarray) -> None:
    try:
        decode(read_bytes(path), out)
    except (OSError, ValueError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "message", None) or error
        raise DataError(f"{path} cannot be read any more: {reason}") from error


def degraded(images: np.ndarray, side: int | None) -> np.ndarray:
    """Return pictures uint8 (b, h, w, c), at their size, as if taken with `side` pixels along the shorter side.

    Down by the mean over areas (OpenCV's INTER_AREA), back by bicubic interpolation. Nothing is done to pictures that
    have no more than `side` pixels, or where it is None.
    """
    height, width = images.shape[1:3]
    if side is None or min(height, width) <= side:
        return images
    small_width, small_height = (max(1, round(length * side / min(height, width))) for length in (width, height))
    out = np.empty_like(images)
    for i, picture in enumerate(images):
        small = cv2.resize(picture, (small_width, small_height), interpolation=cv2.INTER_AREA)
        out[i] = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).reshape(picture.shape)
    return out


def fit(images: np.ndarray, size: int, channels: int) -> np.ndarray:
    """Return pictures (b, h, w, 1 or 3) uint8 as (b, size, size, channels): float32, uint8 where nothing is to do.

    TensorFlow's operations are called one by one, since a graph called from its input pipeline would wait for the
    threads that wait for it.
    """
    if images.shape[1:] == (size, size, channels):
        return images
    with tf.device("CPU:0"):
        if images.shape[1:3] != (size, size):
            resized = tf.image.resize(images, (size, size), "bilinear", antialias=True)
        else:
            resized = tf.cast(images, tf.float32)
        if images.shape[3] != channels:
            resized = (tf.image.rgb_to_grayscale if channels == 1 else tf.image.grayscale_to_rgb)(resized)
        fitted: np.ndarray = resized.numpy()
    return fitted
