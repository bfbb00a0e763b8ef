"""What a network sees in place of the occluder: a guess from what is visible, never from what is hidden."""

from __future__ import annotations

import cv2
import numpy as np

from fer_exp.config.occlusion import Fill

SIDE = 64  # pixels of the longer side from which a picture is inpainted at this size: the cost grows fast
RADIUS = 3  # pixels around a hidden one that inpainting looks at


def fill_in(pictures: np.ndarray, hidden: np.ndarray, how: Fill) -> None:
    """Replace the hidden pixels of covered pictures, in place.

    `mean` is the mean of each picture's visible pixels, channel by channel. `inpaint` continues what is visible into
    the occluder (Telea 2004, "An image inpainting technique based on the fast marching method", as cv2.inpaint does
    it); pictures of more than 64 pixels are inpainted at 64, and that is enlarged under the occluder. What is hidden
    has no influence: it is painted over before, and pixels of the smaller picture that it reaches into are hidden, too.

    Args:
        pictures: (b, h, w, 1 or 3) uint8, the occluder painted on them.
        hidden: (b, h, w) uint8, not 0 where the occluder is; a picture without any, or with nothing else, stays.
        how: mean or inpaint.
    """
    for picture, mask in zip(pictures, hidden, strict=True):
        if mask.any() and not mask.all():
            guess = _mean(picture, mask) if how is Fill.mean else _inpainted(picture, mask)
            np.copyto(picture, guess, where=mask[..., None] > 0)


def _mean(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    channels = picture.shape[2]
    return np.array(cv2.mean(picture, (mask == 0).astype(np.uint8))[:channels]).round().astype(np.uint8)


def _inpainted(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    height, width = mask.shape
    shrink = SIDE / max(height, width)
    if shrink < 1:
        side = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        share = cv2.resize((mask > 0).astype(np.float32), side, interpolation=cv2.INTER_AREA)
        small_mask = (share > 0).astype(np.uint8)
        if small_mask.all():  # thin margins, within the pixels that the occluder reaches into
            return _mean(picture, mask)
        small = cv2.resize(picture, side, interpolation=cv2.INTER_AREA)
        guess = cv2.resize(cv2.inpaint(small, small_mask, RADIUS, cv2.INPAINT_TELEA), (width, height))
    else:
        guess = cv2.inpaint(picture, mask, RADIUS, cv2.INPAINT_TELEA)
    filled: np.ndarray = guess.reshape(picture.shape)
    return filled
