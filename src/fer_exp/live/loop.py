"""The one loop over frames: look, draw, show, write, listen to keys."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from tqdm import tqdm

from fer_exp.config.occlusion import OcclusionConfig
from fer_exp.errors import UserError
from fer_exp.live.chain import Chain, Face
from fer_exp.live.drawing import draw
from fer_exp.live.outputs import Output
from fer_exp.live.sources import Frame, Source

# key -> what it does, as people are told
KEYS = {"b": "bar on or off", "p": "pause", "s": "save this frame", "q": "leave"}
RECENT = 20  # frames that the rate is measured on
NAP = 0.03  # seconds between two looks at the keys while paused


class View(Protocol):
    """Shows frames to a person, and hears the person's keys."""

    def show(self, picture: np.ndarray) -> None:
        """Show a frame (h, w, 3) uint8 BGR."""

    def key(self) -> str:
        """Return the key that was pressed since, one of KEYS or any other; nothing where none was."""


@dataclass
class Seen:
    """What the loop went through: frames, those with a face, faces, and seconds."""

    frames: int = 0
    with_face: int = 0
    faces: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        rate = self.frames / self.seconds if self.seconds else 0
        return f"{self.frames} frames, {self.with_face} with a face, {self.faces} faces, {rate:.1f} frames a second"


class Loop:
    """Goes through the frames of a source.

    Args:
        source: where frames come from.
        chain: looks at them.
        occlusion: the bar that is painted when it is on.
        view: shows them; None: nobody looks.
        outputs: what else takes them.
        covered: whether the bar is on at first.
        save: writes a frame that somebody wants to keep, and returns its path.
    """

    def __init__(
        self,
        source: Source,
        chain: Chain,
        occlusion: OcclusionConfig,
        view: View | None,
        outputs: Sequence[Output],
        covered: bool,
        save: Callable[[np.ndarray], Path],
    ) -> None:
        self.source, self.chain, self.occlusion, self.view, self.outputs = source, chain, occlusion, view, outputs
        self.covered, self.save = covered, save
        self.seen = Seen()
        self._paused = False
        self._ends: deque[float] = deque(maxlen=RECENT)

    def run(self) -> None:
        """Go on until the source ends or somebody leaves; what is no camera is shown at its own pace, its end held.

        Raises:
            UserError: no more frames come, or not one came.
        """
        start = due = time.monotonic()
        frame = None
        with tqdm(
            total=self.source.length, desc=self.source.name, unit=" frames", delay=2, disable=bool(self.view)
        ) as bar:
            for frame in self.source.frames:
                faces, drawn = self._look(frame)
                for output in self.outputs:
                    output.write(frame, faces, drawn)
                self.seen.frames += 1
                self.seen.with_face += bool(faces)
                self.seen.faces += len(faces)
                self.seen.seconds = time.monotonic() - start
                bar.update()
                # what took longer, or was paused, is not caught up
                due = 0.0 if self.source.live else max(due + 1 / self.source.rate, time.monotonic())
                if self.view is not None and not self._show(self.view, frame, drawn, due):
                    return
        if frame is None and not self.source.live:
            raise UserError(f"{self.source.name}: not one frame can be read")
        if self.view is not None and frame is not None and not self.source.live:
            self._show(self.view, frame, self._look(frame)[1], float("inf"))

    def _look(self, frame: Frame) -> tuple[list[Face], np.ndarray]:
        """Return the faces of a frame, and the frame as drawn."""
        faces = self.chain(cv2.cvtColor(frame.pixels, cv2.COLOR_BGR2RGB), frame.seconds, self.covered)
        self._ends.append(time.monotonic())
        passed = self._ends[-1] - self._ends[0]
        rate = (len(self._ends) - 1) / passed if passed else 0
        count = f"{len(faces)} face{'' if len(faces) == 1 else 's'}"
        status = f"{rate:.0f} fps   bar {'on' if self.covered else 'off'} (b)   {count}"
        occlusion = self.occlusion if self.covered else None
        return faces, draw(frame.pixels, faces, self.chain.networks, occlusion, self.source.live, status)

    def _show(self, view: View, frame: Frame, drawn: np.ndarray, until: float) -> bool:
        """Show a frame until a time of time.monotonic, longer while paused; return whether to go on."""
        view.show(drawn)
        while (key := view.key()) or self._paused or time.monotonic() < until:
            if key == "q":
                return False
            if key == "b":
                self.covered = not self.covered
                self.chain.tracker.forget_answers()  # they were to another question
                _, drawn = self._look(frame)
                view.show(drawn)
            elif key == "p":
                self._paused = not self._paused
            elif key == "s":
                print(f"saved {self.save(drawn)}", flush=True)
            elif not key:
                time.sleep(min(NAP, max(0.0, until - time.monotonic())) if not self._paused else NAP)
        return True
