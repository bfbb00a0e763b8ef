"""From a picture file to one with the face covered, in the same format and size, with the same metadata.

Everything is in the raw frame of the stored picture: an orientation in the metadata is kept and never applied.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from fer_exp.errors import ConfigError, DataError

Paint = Callable[[np.ndarray], None]

PNG = b"\x89PNG\r\n\x1a\n"
PNG_LEVEL = 3  # OpenCV's own default (1) makes files twice as large, Pillow's (6) takes three times as long
PNG_KEPT = (b"eXIf", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"pHYs")
PNG_GREY_ALPHA = 4  # colour type in IHDR

# Markers of ITU-T T.81, table B.1.
SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SOS, APP0, APP1, APP2, APP14, APP15, COM = 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15
HUFFMAN_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive

UNBLOCKED_QUALITY = 95  # of a JPEG whose blocks cannot be kept although quality=None asks for it
# Pixels per chroma sample across and down, and OpenCV's name for it.
SAMPLINGS = {
    (1, 1): cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    (2, 1): cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    (1, 2): cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    (2, 2): cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    (4, 1): cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
}


def cover(data: bytes, paint: Paint | None, quality: int | None) -> bytes:
    """Return the covered picture as a file of the same format.

    JPEG: grey stays grey, chroma keeps its subsampling, EXIF and XMP (APP1) and the colour profile (APP2) stay byte
    for byte; other application segments and comments are dropped. A picture stored as CMYK, YCCK or RGB becomes an
    ordinary (YCbCr) JPEG without the profile of its inks, by libjpeg's plain conversion, which equals Pillow's to
    within 1; its blocks cannot be kept, so `quality=None` means 95 for it. A thumbnail inside EXIF is not covered.

    PNG: always lossless; bit depth (8 or 16), alpha, EXIF, colour profile and resolution stay. A palette becomes
    RGB or RGBA, fewer than 8 bits become 8, grey with alpha becomes RGBA of the same values (without a grey colour
    profile), a transparent shade of grey becomes opaque; of an animation the first picture is kept. Covered pixels
    are opaque; in 16 bits they are the painter's value times 257.

    Args:
        data: a whole JPEG or PNG file.
        paint: overwrites the occluder's pixels in place in a C-contiguous (h, w, 3 or 1) uint8 array, RGB or grey,
            0 to 255, by values that depend on the position alone; it may be called twice, on canvases. None gives the
            uncovered counterpart, compressed like the covered picture; where that is without loss, `data` itself.
        quality: 1 to 100 recompresses a JPEG. None keeps every block that the paint does not touch bit for bit
            (`fer_exp.copies.lossless`); a progressive file becomes a sequential one, and a file that the paint
            misses stays as it is.

    Raises:
        DataError: not a JPEG or PNG picture, or a damaged one; the message names no file. A file that ends too
            early, a wrong checksum in a PNG and whatever libjpeg or libpng refuse are detected; damage in the middle
            of a JPEG's coded data that leaves its end in place is not: libjpeg only warns of it.
        ConfigError: `quality=None` without jpeglib.
        ValueError: `quality` is out of range.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality={quality}: must be 1 to 100, or None")
    if data.startswith(SOI):
        return _cover_jpeg(data, paint, quality)
    if data.startswith(PNG):
        return _cover_png(data, paint)
    raise DataError("not a JPEG or PNG picture")


def encode_png(image: np.ndarray) -> bytes:
    """Encode an image (h, w, 3 or 1) uint8, RGB or grey, as a PNG file."""
    return _encode_png(cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.shape[2] == 3 else image)


def _cover_jpeg(data: bytes, paint: Paint | None, quality: int | None) -> bytes:
    header = _jpeg_header(data)
    if not data.endswith(EOI) and data.find(EOI, header.scan) < 0:
        raise DataError("damaged picture: the JPEG file ends too early")
    if quality is None and header.ycc:
        return _keep_blocks(data, header, paint)
    image = _decode(data)
    if paint is not None:
        image = _paint(image, paint)
    sampling = SAMPLINGS.get(header.cell, SAMPLINGS[1, 1])
    options = (cv2.IMWRITE_JPEG_QUALITY, quality or UNBLOCKED_QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    return _insert_segments(cv2.imencode(".jpg", image, options)[1].tobytes(), header.kept)


def _keep_blocks(data: bytes, header: _JpegHeader, paint: Paint | None) -> bytes:
    if header.frame in HUFFMAN_FRAMES and paint is not None:
        mask, values = _trace(paint, header.shape)
        if mask.any():
            return _repaint_blocks(data, header, mask, values)
    _decode(data)  # what stays as it is, is looked at too
    if header.frame not in HUFFMAN_FRAMES:
        raise DataError("an arithmetic-coded JPEG cannot be covered without loss; give a quality, such as 95")
    return data


def _repaint_blocks(data: bytes, header: _JpegHeader, mask: np.ndarray, values: np.ndarray) -> bytes:
    try:  # imported only here: jpeglib has no wheels for Linux on ARM, where all else works without it
        from fer_exp.copies import lossless
    except ModuleNotFoundError as error:
        raise ConfigError(f"covering JPEGs without loss needs {error.name}: install it, or give a quality") from error
    painted = lossless.repaint(header.bare + data[header.scan :], mask, values, header.factors)
    return _insert_segments(painted, header.kept)


def _cover_png(data: bytes, paint: Paint | None) -> bytes:
    chunks = dict(_png_chunks(data))
    image = _decode(data)
    if paint is None:
        return data
    encoded = _encode_png(_paint(image, paint))
    if chunks[b"IHDR"][17] == PNG_GREY_ALPHA:
        chunks.pop(b"iCCP", None)
    first = len(PNG) + len(chunks[b"IHDR"])
    return encoded[:first] + b"".join(chunks[name] for name in PNG_KEPT if name in chunks) + encoded[first:]


def _decode(data: bytes) -> np.ndarray:
    """Decode the raw frame, (h, w, 3 or 4) BGR or BGRA or (h, w, 1) grey, uint8 or uint16."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None:
        raise DataError("damaged picture: it cannot be decoded")
    return image if image.ndim == 3 else image[:, :, None]


def _paint(image: np.ndarray, paint: Paint) -> np.ndarray:
    """Paint on an image such as `_decode` returns; the result may be the same array."""
    height, width, channels = image.shape
    if image.dtype == np.uint8 and channels == 1:
        paint(image)
    elif image.dtype == np.uint8 and channels == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        paint(image)
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    else:
        colours = min(channels, 3)
        mask, values = _trace(paint, (height, width, colours))
        full = np.iinfo(image.dtype).max
        image[mask, :colours] = values[mask][:, ::-1].astype(image.dtype) * (full // 255)
        image[mask, colours:] = full
    return image


def _trace(paint: Paint, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels that the paint covers, (h, w) bool, and their values, (h, w, 1 or 3) uint8, 0 elsewhere."""
    black, white = np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)
    paint(black)
    paint(white)
    return black[:, :, 0] == white[:, :, 0], black


def _encode_png(image: np.ndarray) -> bytes:
    """Encode an image such as `_decode` returns as a PNG file."""
    return cv2.imencode(".png", image, (cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL))[1].tobytes()


class _JpegHeader(NamedTuple):
    """What precedes a JPEG's coded data."""

    frame: int  # marker of the frame header, SOF0 to SOF15
    shape: tuple[int, int, int]  # height, width, components
    factors: list[tuple[int, int]]  # sampling across and down of each component
    cell: tuple[int, int]  # pixels per chroma sample across and down
    ycc: bool  # stored as grey or YCbCr, as JFIF has it
    kept: bytes  # the segments that the covered picture keeps
    bare: bytes  # the header without metadata
    scan: int  # where the first scan header starts


def _jpeg_header(data: bytes) -> _JpegHeader:
    frame, adobe, kept, bare = None, b"", [], [SOI]
    for marker, start, stop in _jpeg_segments(data):
        segment, body = data[start:stop], data[start + 4 : stop]
        if marker in FRAMES:
            frame = marker, body
        elif marker == APP14 and body.startswith(b"Adobe"):
            adobe = body
        if marker == APP1 or (marker == APP2 and body.startswith(b"ICC_PROFILE\0")):
            kept.append((marker, segment))
        if not (APP1 <= marker <= APP15 or marker in (COM, SOS)):
            bare.append(segment)
    if frame is None or len(frame[1]) < 9 or len(frame[1]) != 6 + 3 * frame[1][5]:
        raise DataError("damaged picture: a JPEG file without a frame header")
    marker, body = frame
    names, factors = body[6::3], [divmod(both, 16) for both in body[7::3]]
    across, down = (most // max(1, least) for most, least in zip(factors[0], factors[-1], strict=True))
    # Adobe's transform 0 and libjpeg's component names (jdapimin.c) say RGB; four components are inks
    ycc = len(names) == 1 or (len(names) == 3 and names != b"RGB" and adobe[11:12] != b"\0")
    return _JpegHeader(
        frame=marker,
        shape=(int.from_bytes(body[1:3]), int.from_bytes(body[3:5]), len(names)),
        factors=factors,
        cell=(across, down),
        ycc=ycc,
        kept=b"".join(segment for marker, segment in kept if marker == APP1 or len(names) < 4),
        bare=b"".join(bare),
        scan=start,
    )


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment up to and including the first scan header (T.81, B.1.1)."""
    marker, stop = None, len(SOI)
    while marker != SOS:
        start = stop
        while data[start + 1 : start + 2] == b"\xff":  # fill bytes
            start += 1
        stop = start + 2 + int.from_bytes(data[start + 2 : start + 4])
        if stop > len(data) or stop < start + 4:
            raise DataError("damaged picture: the JPEG file ends too early")
        if data[start] != 0xFF:
            raise DataError("damaged picture: the JPEG file has no segment where one should start")
        marker = data[start + 1]
        yield marker, start, stop


def _insert_segments(jpeg: bytes, segments: bytes) -> bytes:
    """Insert segments behind the JFIF header, which must come first (ITU-T T.871, 10.1)."""
    position = len(SOI)
    if jpeg[position + 1] == APP0:
        position += 2 + int.from_bytes(jpeg[position + 2 : position + 4])
    return jpeg[:position] + segments + jpeg[position:]


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and bytes of each chunk up to IEND (ISO/IEC 15948, 5.3); damaged ones are left out or an error."""
    name, stop = None, len(PNG)
    while name != b"IEND":
        start, name = stop, data[stop + 4 : stop + 8]
        stop = start + 12 + int.from_bytes(data[start : start + 4])
        if stop > len(data):
            raise DataError("damaged picture: the PNG file ends too early")
        if zlib.crc32(data[start + 4 : stop - 4]) == int.from_bytes(data[stop - 4 : stop]):
            yield name, data[start:stop]
        elif name[:1].isupper():  # a picture cannot do without it
            raise DataError("damaged picture: wrong checksum in the PNG file")
