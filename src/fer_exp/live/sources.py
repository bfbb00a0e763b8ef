"""Where frames come from: a camera, a stream, a video, pictures, or the camera of whoever looks at the page."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Condition, Thread
from typing import NamedTuple

import cv2
import numpy as np
from natsort import natsorted
from PIL import Image

from fer_exp.config.live import BROWSER
from fer_exp.errors import UserError
from fer_exp.system.addresses import hide_secrets
from fer_exp.system.regular import read_bytes

log = logging.getLogger(__name__)

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
PATIENCE = 3.0  # seconds without a frame after which a camera or stream is lost
RATE = 15.0  # frames a second of a video that is written of a camera, and of pictures
MOST = 2**24  # pixels of a frame; larger ones are not looked at
SHORT = 3  # frames that a video may lack of those that it promises, since players count differently


class Frame(NamedTuple):
    """A frame: its number from 0, when it was taken in seconds from the first, (h, w, 3) uint8 BGR."""

    number: int
    seconds: float
    pixels: np.ndarray


class Source(NamedTuple):
    """A source of frames.

    Attributes:
        name: as people named it.
        frames: the frames; raises UserError where no more come, but should.
        live: whether frames come at their own pace: those that are not looked at in time are dropped.
        length: how many there are; None where that is not known.
        rate: frames a second.
    """

    name: str
    frames: Iterator[Frame]
    live: bool
    length: int | None
    rate: float


class Newest:
    """The newest picture of several threads: one puts, one takes, and what was not taken in time is dropped."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._picture: np.ndarray | None = None
        self._ended = False

    def put(self, picture: np.ndarray) -> None:
        """Put a picture in place of the one that waits."""
        with self._changed:
            self._picture = picture
            self._changed.notify_all()

    def end(self) -> None:
        """Say that no more come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def take(self, patience: float | None) -> np.ndarray | None:
        """Wait for a picture; None where no more come.

        Raises:
            TimeoutError: none came within `patience` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._picture is not None or self._ended, patience):
                raise TimeoutError
            picture, self._picture = self._picture, None
            return picture


def open_source(name: str, browser: Newest | None = None) -> Source:
    """Open what a user named.

    Args:
        name: a camera's number, an address (rtsp://, http://, ...), a video, a picture, a folder of pictures, or
            `browser`.
        browser: what the page's own camera is put into.

    Raises:
        UserError: there is no such source, or nothing can be read from it.
    """
    if name == BROWSER:
        assert browser is not None  # the page makes it
        return Source("the page's camera", _newest(browser, None, name), True, None, RATE)
    if name.isdecimal():
        return _captured(cv2.VideoCapture(int(name)), f"camera {name}", f"source={name}: there is no such camera")
    if "://" in name:
        shown = hide_secrets(name)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(1000 * PATIENCE)]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(1000 * PATIENCE)]
        stream = cv2.VideoCapture(name, cv2.CAP_FFMPEG, limits)
        if stream.get(cv2.CAP_PROP_FRAME_COUNT) > 0:  # a video, which would be over before it was looked at
            return _recorded(stream, shown)
        return _captured(stream, shown, f"source={shown}: no stream answers")
    path = Path(name).expanduser()
    if path.is_dir():
        files = [path / file for file in natsorted(f.name for f in path.iterdir()) if is_picture(file)]
        if not files:
            raise UserError(f"source={name}: there are no pictures in it ({', '.join(PICTURES)})")
        return Source(path.name, _pictures(files), False, len(files), RATE)
    if not path.is_file():
        raise UserError(f"source={name}: no such file or folder; a camera is a number, a stream has an address")
    if is_picture(path.name):
        return Source(path.name, _pictures([path]), False, 1, RATE)
    video = cv2.VideoCapture(str(path))
    if not video.isOpened():
        raise UserError(f"source={name}: neither a picture nor a video that can be read")
    return _recorded(video, path.name)


def is_picture(name: str) -> bool:
    """Return whether a file's name ends as a picture's does."""
    return name.lower().endswith(PICTURES) and not name.startswith(".")


def decode(data: bytes) -> np.ndarray | None:
    """Decode a picture to (h, w, 3) uint8 BGR, upright; None where it is damaged, of another kind or too large."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as header:  # its size is looked at before it is decoded
            if header.size[0] * header.size[1] > MOST:
                return None
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except Exception:  # Pillow raises errors of all kinds on damaged files
        return None


def _recorded(video: cv2.VideoCapture, name: str) -> Source:
    """Return a video, gone through frame by frame."""
    rate, count = video.get(cv2.CAP_PROP_FPS), int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    rate = rate if 0 < rate <= 1000 else RATE
    return Source(name, _video(video, rate, count, name), False, count if count > 0 else None, rate)


def _captured(capture: cv2.VideoCapture, name: str, failure: str) -> Source:
    """Return a camera or stream, read by a thread of its own that keeps the newest frame."""
    if not capture.isOpened():
        raise UserError(failure)
    newest = Newest()

    def read() -> None:
        while True:
            ok, picture = capture.read()
            if not ok:
                break
            newest.put(picture)
        newest.end()

    Thread(target=read, daemon=True).start()
    return Source(name, _newest(newest, PATIENCE, name), True, None, RATE)


def _newest(newest: Newest, patience: float | None, name: str) -> Iterator[Frame]:
    index, start = 0, None
    while True:
        try:
            picture = newest.take(patience)
        except TimeoutError:
            raise UserError(f"{name}: no frame came for {patience:.0f} seconds") from None
        if picture is None:
            if patience is None:
                return
            raise UserError(f"{name}: no more frames come")
        now = time.monotonic()
        start = now if start is None else start
        yield Frame(index, now - start, picture)
        index += 1


def _video(video: cv2.VideoCapture, rate: float, count: int, name: str) -> Iterator[Frame]:
    index = 0
    while True:
        ok, picture = video.read()
        if not ok:
            break
        yield Frame(index, index / rate, picture)
        index += 1
    if index < count - SHORT:
        log.warning("warning: %s: %d of %d frames could be read", name, index, count)


def _pictures(files: list[Path]) -> Iterator[Frame]:
    for index, file in enumerate(files):
        picture = _read_picture(file)
        if picture is None:
            log.warning("warning: %s cannot be read, and is left out", file.name)
        else:
            yield Frame(index, index / RATE, picture)


def _read_picture(file: Path) -> np.ndarray | None:
    try:
        return decode(read_bytes(file))
    except OSError:
        return None
