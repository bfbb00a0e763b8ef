from __future__ import annotations

import os

import numpy as np
import pytest

from fer_exp.landmarks import face_api, search


@pytest.fixture(scope="module")
def boxes():
    return face_api.box_network(64)


def test_one_box_is_left_per_face():
    boxes = np.array([[0, 0, 1, 1], [0.1, 0, 1, 1], [3, 3, 4, 4], [5, 5, 6, 6.0]])
    kept, certainty = search._distinct(boxes, np.array([0.8, 0.9, 0.7, 0.3]))
    assert kept.tolist() == [[0.1, 0, 1, 1], [3, 3, 4, 4]] and certainty.tolist() == [0.9, 0.7]


def test_the_mirror_image_of_the_mirror_image_is_the_face():
    assert (search.PARTNER[search.PARTNER] == np.arange(68)).all()
    assert search.PARTNER[[0, 17, 36, 37, 39, 48, 60]].tolist() == [16, 26, 45, 44, 42, 54, 64]


@pytest.mark.skipif(not os.environ.get("FER_EXP_ASSETS"), reason="FER_EXP_ASSETS names no folder with the weights")
def test_the_published_networks_know_a_face_from_noise():
    from fer_exp.config.dataset import SyntheticConfig
    from fer_exp.datasets.synthetic import load
    from fer_exp.landmarks import geometry, quality

    faces = load(SyntheticConfig(name="synthetic", n_train=80, n_test=16, pose=0.2), size=96, workers=2)
    pictures = [np.repeat(image, 4 - image.shape[2], 2)[..., :3] for image in faces.pixels[:32]]
    net = search.Search()
    answer = net.framed(pictures)
    plausible = quality.judge(answer.measures)[1] == ""
    assert plausible.mean() > 0.5
    off = np.linalg.norm(geometry.eye_centre(answer.points) - geometry.eye_centre(faces.landmarks[:32]), axis=1)
    assert np.median(off[plausible] / geometry.width(faces.landmarks[:32])[plausible]) < 0.1
    noise = list(np.random.default_rng(0).integers(0, 256, (16, 48, 48, 3), dtype=np.uint8))
    assert (quality.judge(net.framed(noise).measures)[1] != "").all()
    photo = np.full((400, 600, 3), 128, np.uint8)
    photo[60:252, 340:532] = np.kron(pictures[int(np.argmax(plausible))], np.ones((2, 2, 1), np.uint8))
    found, seen = net.boxed([photo])
    if seen[0]:
        assert 340 < found.points[0, :, 0].mean() < 532
