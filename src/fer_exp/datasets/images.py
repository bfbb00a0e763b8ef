"""Opening every picture once: whether it can be read, its size, a digest of its bytes, and its perceptual hash."""

from __future__ import annotations

import io
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import cv2
import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from fer_exp.datasets.faces import Faces
from fer_exp.datasets.perceptual import LENGTH, SIDE, hash_pixels, perceptual_hash
from fer_exp.errors import DataError
from fer_exp.system.regular import read_bytes
from fer_exp.system.workers import for_each

PNG = b"\x89PNG\r\n\x1a\n"  # begins such a file
NO_END = "Premature end of JPEG file"  # libjpeg's word for data without the marker that ends it
PIXELS = 2**26  # of larger pictures Pillow decides whether they are meant to be opened at all


class Checked(NamedTuple):
    """What opening n pictures showed.

    Attributes:
        sizes: (n, 2) int32, height and width in pixels.
        digests: (n,) S32 of the files' bytes, or of the pixels.
        hashes: (n, LENGTH) int8 perceptual hashes.
        unreadable: row -> reason in words.
    """

    sizes: np.ndarray
    digests: np.ndarray
    hashes: np.ndarray
    unreadable: dict[int, str]


def digest(data: bytes) -> bytes:
    """Return 32 hex characters (128 bits of BLAKE2b, RFC 7693) that stand for these bytes."""
    return blake2b(data, digest_size=16).hexdigest().encode()


def check(root: Path, ids: Sequence[str], workers: int) -> Checked:
    """Decode the pictures root/id in `workers` threads (decoding releases the lock on the interpreter).

    Pillow decodes, since OpenCV fills up a truncated JPEG with grey and says nothing.
    """
    sizes = np.zeros((len(ids), 2), np.int32)
    digests = np.zeros(len(ids), "S32")
    hashes = np.zeros((len(ids), LENGTH), np.int8)
    unreadable: dict[int, str] = {}

    def read(row: int) -> None:
        try:
            data = read_bytes(f"{root}/{ids[row]}")
            sizes[row], hashes[row] = _size_and_hash(data)
            digests[row] = digest(data)
        except Exception as error:  # Pillow raises errors of all kinds on damaged files
            unreadable[row] = _reason(error)

    for_each(len(ids), read, workers, "Checking pictures", "picture")
    return Checked(sizes, digests, hashes, unreadable)


def check_pixels(pixels: np.ndarray, workers: int) -> Checked:
    """Return the same of pictures (n, h, w, c) that are not files: all can be read."""
    digests = np.zeros(len(pixels), "S32")
    hashes = np.zeros((len(pixels), LENGTH), np.int8)

    def read(row: int) -> None:
        digests[row], hashes[row] = digest(pixels[row].tobytes()), hash_pixels(pixels[row])

    for_each(len(pixels), read, workers, "Checking pictures", "picture")
    return Checked(np.tile(np.array(pixels.shape[1:3], np.int32), (len(pixels), 1)), digests, hashes, {})


def read(faces: Faces, row: int) -> np.ndarray:
    """Return a face's picture as it is stored, (h, w, 3) uint8 RGB; its metadata's orientation is not applied."""
    if faces.root is None:
        assert faces.pixels is not None
        image = faces.pixels[row]
        return image if image.shape[2] == 3 else np.repeat(image, 3, axis=2)
    try:
        return decode(read_bytes(faces.path(row)))
    except (OSError, cv2.error) as error:
        raise DataError(f"{faces.path(row)} cannot be read any more ({error})") from error


def decode(data: bytes) -> np.ndarray:
    """Decode a JPEG or PNG file to (h, w, 3) uint8 RGB; its metadata's orientation is not applied.

    Raises:
        cv2.error: it cannot be decoded.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)  # type: ignore[arg-type]  # None raises cv2.error


def _size_and_hash(data: bytes) -> tuple[tuple[int, int], np.ndarray]:
    """Return height and width, and the perceptual hash."""
    size, grey = _small_grey(data)
    return size, perceptual_hash(grey)


def _small_grey(data: bytes) -> tuple[tuple[int, int], np.ndarray]:
    """Return height and width, and the picture in grey, reduced to no less than SIDE pixels by 2, 4 or 8.

    All of a JPEG's data is still read, most of the arithmetic is not done. simplejpeg gives the same pixels as Pillow
    in half of its time; what it finds a flaw in, Pillow judges.

    Raises:
        Exception: the picture is damaged; of all kinds.
    """
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
        if space in ("YCbCr", "Gray", "RGB") and height * width <= PIXELS:
            room = min(length // max(SIDE, length // 8) for length in (height, width))
            by = next((by for by in (8, 4, 2) if room >= by), 1)  # as Pillow's `draft` chooses it
            smaller = {"min_height": -(-height // by), "min_width": -(-width // by)} if by > 1 else {}
            return (height, width), simplejpeg.decode_jpeg(data, "GRAY", **smaller)[..., 0]
    except ValueError:
        pass
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        width, height = image.size
        image.draft("L", (max(SIDE, width // 8), max(SIDE, height // 8)))
        load_whole(image, data)
        return (height, width), np.asarray(image.convert("L"))


def load_whole(image: Image.Image, data: bytes) -> None:
    """Decode a picture that Pillow opened from this content of a JPEG or PNG file.

    Raises:
        Exception: the picture is damaged; of all kinds.
    """
    image.load()
    (_check_png if image.format == "PNG" else _check_jpeg)(data)


def _check_jpeg(data: bytes) -> None:
    """Raise ValueError where a JPEG file ends too early: Pillow does not mind behind the last row, TensorFlow does."""
    try:
        simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1)
    except ValueError as flaw:
        if str(flaw) == NO_END:
            raise


def _check_png(data: bytes) -> None:
    """Raise ValueError where a PNG file is not as it was written; Pillow does not look at all that TensorFlow does.

    A chunk is its length, its kind, its content and the CRC of both. The first is IHDR, and the last IEND (W3C PNG
    specification, third edition, 5.3 and 5.6).
    """
    at, view = len(PNG), memoryview(data)
    kinds: list[bytes] = []
    while b"IEND" not in kinds[-1:]:
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(data):
            raise ValueError("the file ends too early")
        if crc32(view[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise ValueError(f"the checksum of {kind.decode('latin-1')} is wrong")
        if kind == b"PLTE" and length % 3:
            raise ValueError("PLTE has no whole number of colours")
        kinds.append(kind)
        at = end + 4
    if kinds.index(b"IHDR") or kinds.count(b"IHDR") > 1 or data[26:28] != bytes(2):
        raise ValueError("IHDR is not its one beginning, or of an unknown method")


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a JPEG or PNG picture"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return f"damaged picture: {error}"
