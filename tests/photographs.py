"""Pictures that look like something: smooth noise, each different, with the copies of it that people make."""

import io

import cv2
import numpy as np
from PIL import Image

SIDE = 48


def photograph(seed: int, side: int = SIDE) -> np.ndarray:
    """uint8 (side, side, 3) grey values from 10 to 200: coarse and fine noise together."""
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.normal(size=(n, n)), (side, side), interpolation=cv2.INTER_CUBIC) / n for n in (4, 8, 16)]
    grey = cv2.normalize(sum(layers), None, 10, 200, cv2.NORM_MINMAX).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def saved(picture: np.ndarray, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def shifted(picture: np.ndarray, right: int, down: int) -> np.ndarray:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


COPIES = {
    "saved again": lambda picture: saved(picture, "JPEG", quality=75),
    "mirrored": lambda picture: saved(np.ascontiguousarray(picture[:, ::-1])),
    "shifted": lambda picture: saved(shifted(picture, 2, -1)),
    "brighter": lambda picture: saved(picture + 40),
    "larger": lambda picture: saved(cv2.resize(picture, (56, 56), interpolation=cv2.INTER_CUBIC)),
}
