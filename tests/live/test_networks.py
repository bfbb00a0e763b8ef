from dataclasses import replace

import keras
import numpy as np
import pytest
from filmed import brightness, frame_of, landmarks_in, network

from fer_exp.live.crop import Crop

BOX = [20.0, 10, 52, 42]
FACE = landmarks_in(BOX)[None]


@pytest.fixture(scope="module")
def model():
    """Leans to the left: no answer is that of the mirror image."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((16, 16, 1)), *layers])


@pytest.fixture
def asked(model):
    return replace(network(channels=1, classes=("a", "b", "c")), model=model)


@pytest.fixture
def frame():
    return np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)


def test_any_number_of_faces_is_answered_each_as_if_it_were_alone(asked, frame):
    asked.warm_up()
    faces = np.concatenate([FACE, FACE + 3, FACE - 4])
    answers = asked.answer(frame, faces, False)
    assert answers.shape == (3, 3) and answers.sum(1) == pytest.approx(1)
    for k in range(3):
        assert asked.answer(frame, faces[k : k + 1], False)[0] == pytest.approx(answers[k], abs=1e-6)
    assert asked.answer(frame, faces[:0], False).shape == (0, 3)


def test_the_mean_with_the_mirror_image_is_the_same_for_both(asked, frame):
    other = FACE.copy()
    other[..., 0] = frame.shape[1] - 1 - other[..., 0]
    other[:, [0, 16, 36, 45]] = other[:, [16, 0, 45, 36]]
    plain, both = asked.answer(frame, FACE, False), replace(asked, mirror=True)
    assert both.answer(frame, FACE, False) != pytest.approx(plain, abs=1e-3)
    assert both.answer(frame[:, ::-1], other, False) == pytest.approx(both.answer(frame, FACE, False), abs=1e-3)


def test_the_network_sees_the_face_as_its_training_pictures_were_cropped():
    frame = np.zeros((64, 80, 3), np.uint8)
    frame[10:42, 20:52] = (200, 100, 50)
    seen = []
    asked = network(model=lambda pictures: seen.append(pictures) or brightness(pictures), crop=Crop(0.5, 0.4, 0.8))
    asked.answer(frame, FACE, False)
    assert (seen[0] == (200, 100, 50)).all() and seen[0].shape == (1, 16, 16, 3)
    replace(asked, channels=1).answer(frame, FACE, False)
    assert seen[1].shape == (1, 16, 16, 1) and seen[1] == pytest.approx(0.2989 * 200 + 0.587 * 100 + 0.114 * 50, abs=1)


def test_the_bar_darkens_what_the_network_sees_and_not_the_frame():
    frame, asked = frame_of(200, 80, 64), network()
    plain, covered = asked.answer(frame, FACE, False), asked.answer(frame, FACE, True)
    assert covered[0, 0] > plain[0, 0] + 0.1
    assert (frame == 200).all()


def test_a_face_that_leaves_the_frame_and_one_of_a_pixel_are_answered_too():
    frame = frame_of(200, 80, 64)
    for face in (FACE + 60, FACE - 500, FACE[:, :1] + (FACE - FACE[:, :1]) / 30):
        for covered in (False, True):
            assert np.isfinite(network().answer(frame, face, covered)).all()
