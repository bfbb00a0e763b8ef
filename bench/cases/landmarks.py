"""`dataset.landmarks=auto`: how many faces of 48x48 pixels one CPU second gives points to."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from bench.measure import Row, measure

from fer_exp.config.dataset import SyntheticConfig
from fer_exp.datasets import load
from fer_exp.errors import UserError
from fer_exp.landmarks.search import Search

COUNT, SIDE = 256, 48
STAGE, GOAL = "`landmarks=auto`, faces per CPU second", 180


def rows() -> Iterator[Row]:
    try:
        search = Search()
    except UserError as error:  # the networks can be had neither from their publisher nor from a folder
        yield Row(STAGE, "-", None, GOAL, "", note=str(error).splitlines()[0])
        return
    faces = load(SyntheticConfig("synthetic", n_train=COUNT, n_test=16), size=64, workers=2)
    pictures = [cv2.resize(np.asarray(faces.pixels[row]), (SIDE, SIDE)) for row in range(COUNT)]
    seconds = measure({"framed": lambda: search.framed(pictures)})["framed"]
    yield Row(STAGE, "-", COUNT / seconds, GOAL, "", note=f"{1000 * seconds / COUNT:.3g} ms per face")
