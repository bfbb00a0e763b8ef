"""Frames in a window of this machine's display."""

from __future__ import annotations

import cv2
import numpy as np

TITLE = "fer-exp live"
LEAVE = (27, ord("q"))  # Esc


class Window:
    """A window, whose keys are those of `loop.KEYS`; where there can be none, opening it ends the process.

    fer_exp.system.opencv.check_window says whether there can.
    """

    def __init__(self) -> None:
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        self._sized = False

    def show(self, picture: np.ndarray) -> None:
        """Show a frame (h, w, 3) uint8 BGR."""
        if not self._sized:
            cv2.resizeWindow(TITLE, picture.shape[1], picture.shape[0])
            self._sized = True
        cv2.imshow(TITLE, picture)

    def key(self) -> str:
        """Return the key that was pressed, or nothing; a closed window is the key that leaves."""
        pressed = cv2.waitKey(1) & 0xFF
        if pressed in LEAVE or not self._is_there():
            return "q"
        return chr(pressed) if pressed != 0xFF else ""

    def _is_there(self) -> bool:
        try:
            return bool(cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1)
        except cv2.error:  # where OpenCV uses Qt, the last window that is closed takes all of it along
            return False

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()
