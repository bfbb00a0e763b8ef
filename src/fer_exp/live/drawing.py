"""What people see: the bar, a box around each face, and what networks say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from fer_exp.config.occlusion import Fill, Missing, OcclusionConfig
from fer_exp.live.chain import Face
from fer_exp.live.networks import Network
from fer_exp.occlusion.placement import place_occluder

FONT = cv2.FONT_HERSHEY_SIMPLEX
COLORS = ((80, 200, 80), (230, 160, 60), (80, 140, 240))  # BGR, of the networks in their order
WHITE, GREY = (255, 255, 255), (170, 170, 170)
LINE, WIDTH = 16, 150  # pixels of a line of text, and of a panel, on a frame of HEIGHT
HEIGHT = 480
ROOM = 60  # pixels that a class's name has beside its bar


def draw(
    frame: np.ndarray,
    faces: Sequence[Face],
    networks: Sequence[Network],
    occlusion: OcclusionConfig | None,
    averaged: bool,
    status: str,
) -> np.ndarray:
    """Return a copy of a frame (h, w, 3) uint8 BGR with all of it drawn.

    Args:
        frame: the picture.
        faces: its faces.
        networks: whose answers they carry.
        occlusion: the bar that is painted; None: none is.
        averaged: whether answers averaged over time are shown.
        status: a line for the upper left corner.
    """
    out = frame.copy()
    if occlusion is not None and len(faces):
        _paint(out, np.stack([face.landmarks for face in faces]), occlusion)
    scale = max(0.5, frame.shape[0] / HEIGHT)
    for face in faces:
        _draw_face(out, face, networks, averaged, scale)
    strip = out[: round(1.5 * LINE * scale)]
    strip //= 3
    _text(out, status, (round(6 * scale), round(LINE * scale)), scale, WHITE)
    return out


def _paint(frame: np.ndarray, landmarks: np.ndarray, occlusion: OcclusionConfig) -> None:
    """Paint the bar on each face, in its colour: what a network sees in its place is seen by the network alone."""
    shown = replace(occlusion, fill=Fill.color, missing=Missing.frame)
    sizes = np.tile(frame.shape[:2], (len(landmarks), 1))
    placement = place_occluder(landmarks, sizes, shown)
    colour = placement.color[::-1]  # the frame is BGR
    for row in range(len(landmarks)):
        one = replace(placement, color=colour).painters(np.array([row]), sizes[:1])[0]
        one(frame)


def _draw_face(out: np.ndarray, face: Face, networks: Sequence[Network], averaged: bool, scale: float) -> None:
    left, top, right, bottom = np.round(face.box).astype(int).tolist()
    cv2.rectangle(out, (left, top), (right, bottom), COLORS[0], max(1, round(2 * scale)))
    line, width = round(LINE * scale), round(WIDTH * scale)
    height = sum(1 + len(network.classes) for network in networks) * line
    # beside the box where there is room, else on the other side, else over it
    x = right + 4 if right + 4 + width <= out.shape[1] else left - 4 - width
    x = x if x >= 0 else max(0, min(left, out.shape[1] - width))
    y = min(max(0, top), max(0, out.shape[0] - height))
    panel = out[y : y + height, x : x + width]
    panel //= 3
    for network, answers, color in zip(networks, face.averaged if averaged else face.answers, COLORS, strict=False):
        best = int(answers.argmax())
        y += line
        title = f"{network.classes[best]} {answers[best]:.0%}"
        _text(out, title, (x + 3, y - 4), scale, color)
        for k, (name, p) in enumerate(zip(network.classes, answers.tolist(), strict=True)):
            y += line
            begin, end = x + round(ROOM * scale), x + width - 3
            _text(out, name[:9], (x + 3, y - 4), 0.8 * scale, WHITE if k == best else GREY)
            cv2.rectangle(out, (begin, y - line + 4), (begin + round((end - begin) * p), y - 4), color, cv2.FILLED)


def _text(out: np.ndarray, text: str, at: tuple[int, int], scale: float, color: tuple[int, int, int]) -> None:
    plain = text.encode("ascii", "replace").decode()  # the font has no other letters
    cv2.putText(out, plain, at, FONT, 0.42 * scale, color, 1, cv2.LINE_AA)
