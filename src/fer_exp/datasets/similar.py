"""Pictures of one set that show the same as pictures of another, mirrored, saved again, resized or shifted a little.

Three sieves, each finer and slower than the one before: the correlation of every pair of smoothed pictures, that of the
sharper hashes of what is left, shifted against each other, and that of the small grey pictures themselves. Their
thresholds were found on FER2013: of copies that were mirrored, brightened, saved at JPEG quality 75 or shifted by two
pixels each way none was missed; of pairs above a correlation of 0.92 all looked like one photograph, from 0.90 some
were of two people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from fer_exp.datasets.perceptual import MIRRORED, sharp_units, smooth_units
from fer_exp.system.workers import for_each

SMOOTH = 0.78  # correlation of smoothed pictures from which a pair is looked at again
SHARP = 0.78  # that of their hashes, from which the pictures are opened
SAME = 0.92  # that of the grey pictures, from which both show the same
SHIFTS = (-1.0, 0.0, 1.0)  # parts of 1/32 of the picture, each way
SIDE = 48  # pixels of the grey pictures; smaller ones stay as they are
MARGIN = 16  # a picture may be shifted by its side / MARGIN against the other
BLOCK = 4096  # pictures compared at once with as many others: 64 MB of correlations


class Similar(NamedTuple):
    """Pairs of one picture each of two sets: positions (p,) int64, correlation (p,) float32, mirrored (p,) bool."""

    first: np.ndarray
    second: np.ndarray
    correlation: np.ndarray
    mirrored: np.ndarray


def find_similar(
    first: np.ndarray,
    second: np.ndarray,
    picture: Callable[[int, int], np.ndarray],
    ignored: Callable[[np.ndarray, np.ndarray], np.ndarray],
    workers: int,
) -> Similar:
    """Return the pairs that show the same, by position in the second set, then in the first.

    Args:
        first: (n, LENGTH) int8 perceptual hashes.
        second: (m, LENGTH) int8, of the smaller set.
        picture: (0 or 1 for the set, position) -> that picture, (h, w, 3) uint8.
        ignored: positions in both sets, (p,) each -> pairs that are not looked at, (p,) bool.
        workers: threads that read pictures.
    """
    parts = [(a, b, mirrored) for a, b, mirrored in _candidates(first, second)]
    a, b = (np.concatenate([part[i] for part in parts] or [np.zeros(0, np.int64)]) for i in (0, 1))
    mirrored = np.concatenate([np.full(len(part[0]), part[2]) for part in parts] or [np.zeros(0, bool)])
    looked_at = ~ignored(a, b)
    a, b, mirrored = a[looked_at], b[looked_at], mirrored[looked_at]
    correlation = _compare(a, b, mirrored, picture, workers)
    order = np.lexsort((mirrored, -correlation, a, b))
    order = order[correlation[order] >= SAME]
    # a symmetric picture resembles both forms of its copy: the better one counts
    pairs = np.stack([a[order], b[order]])
    new = np.ones(len(order), bool)
    new[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(0)
    order = order[new]
    return Similar(a[order], b[order], correlation[order], mirrored[order])


def _candidates(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """Yield positions of pairs that pass the first two sieves, and whether the second is mirrored."""
    starts = list(product(range(0, len(second), BLOCK), range(0, len(first), BLOCK)))
    at = -1
    for start_b, start_a in tqdm(starts, "Looking for near duplicates", unit="block", disable=None, delay=2):
        if start_b != at:
            at, block_b = start_b, second[start_b : start_b + BLOCK]
            smooth_b = smooth_units(block_b)
            shifted_b = [sharp_units(block_b, down, right) for down, right in product(SHIFTS, SHIFTS)]
        block_a = first[start_a : start_a + BLOCK]
        smooth_a, sharp_a = smooth_units(block_a), sharp_units(block_a)
        for mirrored in (False, True):
            signs = MIRRORED if mirrored else np.float32(1)
            a, b = np.divmod(np.flatnonzero((smooth_a * signs) @ smooth_b.T > SMOOTH), len(block_b))
            left = (sharp_a * signs)[a]
            best = np.full(len(a), -1.0, np.float32)
            for right in shifted_b:
                np.maximum(best, np.einsum("pk,pk->p", left, right[b]), out=best)
            passed = best > SHARP
            yield a[passed] + start_a, b[passed] + start_b, mirrored


def _compare(
    a: np.ndarray, b: np.ndarray, mirrored: np.ndarray, picture: Callable[[int, int], np.ndarray], workers: int
) -> np.ndarray:
    """Return the correlation of the pictures of each pair, (p,) float32; every picture is opened once."""
    second, second_of = np.unique(b, return_inverse=True)
    grey_b = np.empty(len(second), object)

    def read(i: int) -> None:
        grey_b[i] = _grey(picture(1, int(second[i])))

    for_each(len(second), read, workers, "Opening near duplicates", "picture")
    first, first_of = np.unique(a, return_inverse=True)
    order = np.argsort(first_of, kind="stable")
    ends = np.cumsum(np.bincount(first_of, minlength=len(first)))
    correlation = np.zeros(len(a), np.float32)

    def match(i: int) -> None:
        grey = _grey(picture(0, int(first[i])))
        for pair in order[ends[i - 1] if i else 0 : ends[i]]:
            other = grey_b[second_of[pair]]
            correlation[pair] = shifted_correlation(grey, other[:, ::-1] if mirrored[pair] else other)

    for_each(len(first), match, workers, "Comparing near duplicates", "picture")
    return correlation


def _grey(picture: np.ndarray) -> np.ndarray:
    """Return the small grey picture, (s, s) float32."""
    side = min(SIDE, *picture.shape[:2])
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)


def shifted_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the greatest correlation of the middle of b with what a shows there, or a little beside it.

    Args:
        a: (s, s) float32.
        b: (t, t) float32; the larger of both is reduced to the size of the other.
    """
    side = min(len(a), len(b))
    a, b = (x if len(x) == side else cv2.resize(x, (side, side), interpolation=cv2.INTER_AREA) for x in (a, b))
    margin = side // MARGIN
    middle = np.ascontiguousarray(b[margin : side - margin, margin : side - margin])
    return float(cv2.matchTemplate(a, middle, cv2.TM_CCOEFF_NORMED).max())
