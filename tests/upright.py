"""An upright average face, 100 pixels wide with its eyes at (100, 100), and what each occluder hides of it."""

import numpy as np

from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.config.test_sets import further_test_sets
from fer_exp.landmarks.geometry import AVERAGE_FACE
from fer_exp.occlusion.placement import place_occluder
from fer_exp.system.paths import CONF

OWN = HeadsetConfig(name="own", kind="headset")
EVERY = sorted(file.stem for file in (CONF / "occlusion").glob("*.yaml"))
SIZES = np.array([[200, 200]])


def option(name):
    """An option of conf/occlusion as it is."""
    return further_test_sets([name], OWN)[name].occlusion


def face(degrees=0.0, n=1):
    turn = np.deg2rad(degrees)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.repeat((100 * AVERAGE_FACE @ rotation + 100)[None], n, axis=0)


def hidden(name, landmarks=None, **keys):
    """Pixels that an occluder fills, (200, 200) bool."""
    cfg = option(name)
    for key, value in keys.items():
        setattr(cfg, key, value)
    cfg.color = [255, 255, 255]
    placed = place_occluder(face() if landmarks is None else landmarks, SIZES, cfg, np.array(["train/1.jpg"]))
    return placed.paint(np.zeros((1, 200, 200, 1), np.uint8), np.array([0]), np.array([True]))[0, :, :, 0] > 0


def at(mask, points):
    """Whether landmarks (by iBUG index) of the upright face are hidden."""
    return np.array([mask[tuple(np.round(100 * AVERAGE_FACE[p] + 100).astype(int)[::-1])] for p in points])


EYES, MOUTH, BROWS, NOSE_TIP, CHIN = range(36, 48), range(48, 68), range(17, 27), [30], [7, 8, 9]
