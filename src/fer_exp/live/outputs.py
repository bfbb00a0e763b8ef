"""Files that are written beside, or in place of, showing frames: whole when the source ends or is stopped."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from fer_exp.config.live import VIDEO
from fer_exp.errors import UserError
from fer_exp.live.chain import Face
from fer_exp.live.networks import Network
from fer_exp.live.sources import Frame, Source
from fer_exp.system import atomic
from fer_exp.system.text import no_formula

CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}


class Output(Protocol):
    """Takes every frame that was looked at."""

    @property
    def used(self) -> bool:
        """Return whether one came."""

    def write(self, frame: Frame, faces: Sequence[Face], drawn: np.ndarray) -> None:
        """Take a frame, its faces, and the frame as drawn."""


@contextmanager
def open_output(name: str, source: Source, networks: Sequence[Network]) -> Iterator[Output]:
    """Yield what writes a file, and move it into place at the end of the block, also where that is stopped.

    Without a frame nothing is written.

    Raises:
        UserError: its folder is not there or cannot be written, or OpenCV cannot write such a video.
    """
    path = Path(name).expanduser()
    failed: BaseException | None = None
    try:
        with atomic.replacing(path, path.suffix) as part:
            video = path.suffix.lower() in VIDEO
            output = _VideoFile(part, source) if video else _Table(part, networks)
            try:
                yield output
            except (KeyboardInterrupt, UserError, OSError) as error:  # what was written so far is kept
                failed = error
            finally:
                output.close()
            if not output.used:
                raise failed or UserError(f"output={name}: there was no frame to write")
    except OSError as error:
        raise UserError(f"output={name}: {error.strerror}") from error
    if failed is not None:
        raise failed


class _VideoFile:
    """A video of the frames as drawn. Those of a camera are repeated or left out, so that time passes as it did."""

    def __init__(self, path: Path, source: Source) -> None:
        if not path.parent.is_dir():
            raise FileNotFoundError(2, f"{path.parent} is no folder")
        self.path, self.source = path, source
        self._size: tuple[int, int] | None = None
        self._writer: cv2.VideoWriter | None = None
        self._written = 0

    @property
    def used(self) -> bool:
        """Return whether a frame came."""
        return self._writer is not None

    def write(self, frame: Frame, faces: Sequence[Face], drawn: np.ndarray) -> None:
        """Add a frame; one of another size than the first is resized to it."""
        if self._writer is None:
            self._size = (drawn.shape[1] // 2 * 2, drawn.shape[0] // 2 * 2)  # codecs want even numbers
            codec = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
            self._writer = cv2.VideoWriter(str(self.path), codec, self.source.rate, self._size)
            if not self._writer.isOpened():
                self._writer = None
                raise UserError(f"output: OpenCV cannot write {self.path.suffix} videos here; try .avi")
        assert self._size is not None
        picture = drawn if drawn.shape[1::-1] == self._size else cv2.resize(drawn, self._size)
        times = 1
        if self.source.live:
            times = max(0, round(frame.seconds * self.source.rate) + 1 - self._written)
        for _ in range(times):
            self._writer.write(picture)
        self._written += times

    def close(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.release()


class _Table:
    """A row per frame and face: its box in pixels, and what each network says of this frame alone."""

    def __init__(self, path: Path, networks: Sequence[Network]) -> None:
        self.networks, self.used = networks, False
        self._file = path.open("w", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        header = ["frame", "face", "x", "y", "width", "height"]
        for k, network in enumerate(networks):
            begin = f"{network.title}_" if k else ""
            header += [f"{begin}label", *(f"{begin}{name}" for name in network.classes)]
        self._rows.writerow(map(no_formula, header))

    def write(self, frame: Frame, faces: Sequence[Face], drawn: np.ndarray) -> None:
        """Add the rows of a frame.

        Raises:
            UserError: the disk is full.
        """
        self.used = True
        for face in faces:
            left, top, right, bottom = face.box
            row = [frame.number, face.number, *(f"{v:.1f}" for v in (left, top, right - left, bottom - top))]
            for network, answers in zip(self.networks, face.answers, strict=True):
                row += [no_formula(network.classes[int(answers.argmax())]), *(f"{p:.4f}" for p in answers)]
            try:
                self._rows.writerow(row)
            except OSError as error:
                raise UserError(f"the table cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """End the file."""
        self._file.close()
