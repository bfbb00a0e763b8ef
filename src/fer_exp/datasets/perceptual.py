"""Perceptual hashes: numbers that stay nearly the same when a picture is saved again, resized, brightened or shifted.

As in pHash (Zauner 2010) they are the lowest frequencies of the discrete cosine transform of a small grey picture. The
coefficients are kept as numbers instead of their signs: products of them are correlations of smoothed pictures, which
tell faces apart that are all cropped alike, and mirroring a picture changes the signs of known ones.
"""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 32  # pixels of the small picture
KEPT = 8  # lowest frequencies in each direction
LENGTH = KEPT * KEPT  # numbers of a hash; the first, the mean brightness, is 0
SMALLEST = 24  # pixels: the shorter side of a smaller picture shows too little to tell copies from lookalikes
FLAT = 1.0  # grey levels: a picture without a wave of that strength has no hash

_frequency = np.arange(KEPT)[:, None]
# rows: orthonormal cosines (DCT-II)
_cosines = np.cos(np.pi * (np.arange(SIDE) + 0.5) * _frequency / SIDE) * np.sqrt(2 / SIDE)
_cosines[0] /= np.sqrt(2)
# the power of pictures falls with the square of the frequency: times it, all coefficients are of one size
WEIGHTS = np.hypot(_frequency, _frequency.T).astype(np.float32)
# of one hash to that of the mirrored picture
MIRRORED = np.where(np.arange(LENGTH) % KEPT % 2, -1, 1).astype(np.float32)


def perceptual_hash(grey: np.ndarray) -> np.ndarray:
    """Return the hash of a grey picture (h, w) uint8, (LENGTH,) int8, the greatest number 127 or -127.

    A picture that is flat or smaller than SMALLEST has none: all its numbers are 0, and it resembles no other.
    """
    if min(grey.shape) < SMALLEST:
        return np.zeros(LENGTH, np.int8)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    coefficients = cv2.dct(small)[:KEPT, :KEPT] * WEIGHTS  # the weight of the mean is 0
    low, high, _, _ = cv2.minMaxLoc(coefficients)
    largest = max(high, -low)
    if largest < FLAT * SIDE:
        return np.zeros(LENGTH, np.int8)
    return np.rint(coefficients.ravel() * (127 / largest)).astype(np.int8)


def hash_pixels(picture: np.ndarray) -> np.ndarray:
    """Return the hash of a picture (h, w, 1 or 3) uint8, as `perceptual_hash` does."""
    return perceptual_hash(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.shape[2] == 3 else picture[..., 0])


def smooth_units(hashes: np.ndarray) -> np.ndarray:
    """Return rows (n, LENGTH) float32 of length 1 whose products are the correlations of the smoothed pictures."""
    weights = np.maximum(WEIGHTS, 1).ravel()
    return _units(hashes.astype(np.float32) / weights)


def sharp_units(hashes: np.ndarray, down: float = 0, right: float = 0) -> np.ndarray:
    """Return rows (n, LENGTH) float32 of length 1, all frequencies counting alike, of pictures shifted by that much.

    Args:
        hashes: (n, LENGTH) int8.
        down: pixels of the small picture, 1 / SIDE of its height each; edges are repeated.
        right: the same of its width.
    """
    if not down and not right:
        return _units(hashes.astype(np.float32))
    plain = (hashes.astype(np.float32) / np.maximum(WEIGHTS, 1).ravel()).reshape(-1, KEPT, KEPT)
    shifted = _shift(down) @ plain @ _shift(right).T
    return _units((shifted * WEIGHTS).reshape(-1, LENGTH))


def _shift(pixels: float) -> np.ndarray:
    """Return the matrix that shifts coefficients along one direction, (KEPT, KEPT) float32."""
    position = np.clip(np.arange(SIDE) - pixels, 0, SIDE - 1)
    below = np.minimum(position.astype(int), SIDE - 2)
    moved = np.zeros((SIDE, SIDE))
    moved[np.arange(SIDE), below] = 1 - (position - below)
    moved[np.arange(SIDE), below + 1] += position - below
    return (_cosines @ moved @ _cosines.T).astype(np.float32)


def _units(rows: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(length, 1e-9)
