from dataclasses import replace

import numpy as np
from drawn import LOOK

from fer_exp.datasets.synthetic.face import draw


def test_degradation_changes_pixels_and_no_landmark():
    clean, faulty = (draw(replace(LOOK, corruption=corruption), "train", 0, "neutral") for corruption in (0.0, 3.0))
    assert np.array_equal(clean.landmarks, faulty.landmarks)
    assert np.abs(clean.pixels.astype(int) - faulty.pixels).mean() > 2
