"""Opening every picture once: whether it can be read, how large it is, and a digest of its bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from fer_exp.datasets.faces import Faces
from fer_exp.errors import DataError
from fer_exp.system.workers import for_each


def digest(data: bytes) -> bytes:
    """Return 32 hex characters (128 bits of BLAKE2b, RFC 7693) that stand for these bytes."""
    return blake2b(data, digest_size=16).hexdigest().encode()


def check(root: Path, ids: Sequence[str], workers: int) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Decode the pictures root/id in `workers` threads (decoding releases the lock on the interpreter).

    Pillow decodes, since OpenCV fills up a truncated JPEG with grey and says nothing.

    Returns:
        sizes: (n, 2) int32, height and width in pixels.
        digests: (n,) S32 of the files' bytes.
        unreadable: row -> reason in words.
    """
    sizes = np.zeros((len(ids), 2), np.int32)
    digests = np.zeros(len(ids), "S32")
    unreadable: dict[int, str] = {}

    def read(row: int) -> None:
        try:
            data = (root / ids[row]).read_bytes()
            sizes[row], digests[row] = _size(data), digest(data)
        except Exception as error:  # Pillow raises errors of all kinds on damaged files
            unreadable[row] = _reason(error)

    for_each(len(ids), read, workers, "Checking pictures", "picture")
    return sizes, digests, unreadable


def read(faces: Faces, row: int) -> np.ndarray:
    """Return a face's picture as it is stored, (h, w, 3) uint8 RGB; its metadata's orientation is not applied."""
    if faces.root is None:
        assert faces.pixels is not None
        image = faces.pixels[row]
        return image if image.shape[2] == 3 else np.repeat(image, 3, axis=2)
    try:
        return decode(faces.path(row).read_bytes())
    except (OSError, cv2.error) as error:
        raise DataError(f"{faces.path(row)} cannot be read any more ({error})") from error


def decode(data: bytes) -> np.ndarray:
    """Decode a JPEG or PNG file to (h, w, 3) uint8 RGB; its metadata's orientation is not applied.

    Raises:
        cv2.error: it cannot be decoded.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)  # type: ignore[arg-type]  # None raises cv2.error


def _size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        width, height = image.size
        # an eighth of the size: all of a JPEG's data is still read, most of the arithmetic is not done
        image.draft(None, (max(1, width // 8), max(1, height // 8)))
        image.load()
    return height, width


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a JPEG or PNG picture"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return f"damaged picture: {error}"
