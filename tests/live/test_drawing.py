from dataclasses import replace

import numpy as np
import pytest
from filmed import BAR, frame_of, landmarks_in, network

from fer_exp.config.occlusion import Fill
from fer_exp.live.chain import Face
from fer_exp.live.drawing import COLORS, draw

BOX = [200.0, 150, 320, 270]


def face(box=BOX, answers=((0.2, 0.8),), averaged=((0.9, 0.1),)):
    box = np.array(box)
    return Face(0, box, landmarks_in(box), [np.array(a) for a in answers], [np.array(a) for a in averaged])


def drawn(faces, occlusion=None, networks=None, averaged=False, width=640, height=480):
    return draw(frame_of(100, width, height), faces, networks or [network()], occlusion, averaged, "20 fps")


def length_of_bars(picture, color):
    """Pixels of the widest row in a network's colour within the panel beside the face."""
    return (picture[150:270, 330:] == color).all(2).sum(1).max()


def test_the_frame_itself_stays_and_a_box_stands_around_the_face():
    frame = frame_of(100, 640, 480)
    out = draw(frame, [face()], [network()], None, False, "")
    assert (frame == 100).all()
    assert (out[150, 210:310] == COLORS[0]).all() and (out[200, 200] == COLORS[0]).all()


def test_bars_are_as_long_as_probabilities_and_averaged_ones_where_that_is_asked_for():
    now, before = (drawn([face(answers=[(0.5, 0.5)])], averaged=a) for a in (False, True))
    assert 0 < length_of_bars(now, COLORS[0]) < length_of_bars(before, COLORS[0])


def test_each_network_has_a_colour():
    both = drawn([face(answers=[(0.2, 0.8)] * 2, averaged=[(0.2, 0.8)] * 2)], networks=(network(), network("compare")))
    assert length_of_bars(both, COLORS[0]) and length_of_bars(both, COLORS[1])


@pytest.mark.parametrize("how", list(Fill))
def test_the_bar_has_its_own_colour_whatever_networks_see_there(how):
    red = replace(BAR, color=[255, 0, 0], fill=how)
    x, y = np.round(landmarks_in(BOX)[[36, 45]].mean(0)).astype(int)
    assert drawn([face()], red)[y, x].tolist() == [0, 0, 255]  # BGR
    assert drawn([face()])[y, x].tolist() == [100, 100, 100]


@pytest.mark.parametrize("box", [[-60.0, -40, 60, 80], [600.0, 440, 760, 600], [-900.0, 0, -800, 100]])
def test_faces_at_the_edge_and_beyond_are_drawn_as_far_as_they_are_there(box):
    for occlusion in (None, BAR):
        assert drawn([face(box)], occlusion).shape == (480, 640, 3)


@pytest.mark.parametrize("width, height", [(40, 30), (1920, 1080), (90, 600)])
def test_small_and_large_frames_keep_their_size(width, height):
    assert drawn([face([5.0, 5, 30, 28])], BAR, width=width, height=height).shape == (height, width, 3)


def test_names_of_any_language_are_drawn():
    names = network(classes=("glücklich", "悲しい"))
    assert drawn([face()], networks=(names,)).shape == (480, 640, 3)
