import numpy as np
from filmed import Finder, frame_of, network

from fer_exp.live.chain import Chain


def test_each_face_has_a_number_a_place_and_the_answer_of_every_network():
    bright = frame_of(0, 160, 120)
    bright[:, 80:] = 250
    chain = Chain(Finder([100, 20, 140, 60], [10, 10, 40, 40]), [network(), network("compare")], 0.5, 16)
    faces = chain(bright, 0.0, False)
    assert [face.number for face in faces] == [0, 1]
    assert [face.box.tolist() for face in faces] == [[100, 20, 140, 60], [10, 10, 40, 40]]
    assert all(len(face.answers) == len(face.averaged) == 2 for face in faces)
    assert [face.answers[1].argmax() for face in faces] == [1, 0]
    covered = chain(bright, 0.1, True)
    assert covered[0].answers[0][0] > faces[0].answers[0][0]
    assert covered[0].averaged[0][0] < covered[0].answers[0][0]  # it remembers


def test_no_face_is_no_answer_and_sixty_are_as_many_as_asked_for():
    assert Chain(Finder(), [network()], 0.5, 16)(frame_of(), 0.0, True) == []
    boxes = [[x, y, x + 8, y + 8] for x in range(0, 600, 60) for y in range(0, 480, 80)]
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert len(Chain(Finder(*boxes), [network()], 0.5, 100)(frame, 0.0, True)) == 60
    assert len(Chain(Finder(*boxes), [network()], 0.5, 16)(frame, 0.0, True)) == 16
