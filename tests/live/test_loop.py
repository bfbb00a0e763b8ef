"""Frames, keys, and what the bar does to an answer."""

import time

import numpy as np
import pytest
from filmed import BAR, Finder, film, frame_of, network

from fer_exp.errors import UserError
from fer_exp.live.chain import Chain
from fer_exp.live.loop import Loop

FACE = [10.0, 5, 50, 45]


class Viewer:
    """Somebody who presses these keys, one each time that they are asked for, and keeps what was shown."""

    def __init__(self, keys=""):
        self.keys, self.shown = list(keys), []

    def show(self, picture):
        self.shown.append(picture)

    def key(self):
        return (self.keys.pop(0) if self.keys else "q").strip()


class Output:
    """Keeps what networks said of the first face of each frame."""

    used = True

    def __init__(self):
        self.said = []

    def write(self, frame, faces, drawn):
        self.said.append(faces[0].answers[0] if faces else None)


def looped(source, view=None, covered=False, finder=None, save=None, smoothing=0.0):
    output = Output()
    chain = Chain(finder or Finder(FACE), [network()], smoothing, 100)
    loop = Loop(source, chain, BAR, view, [output], covered, save)
    loop.run()
    return loop, output


def test_without_anybody_who_looks_every_frame_is_written_and_counted():
    loop, output = looped(film(5), finder=Finder(FACE, FACE, after=2))
    assert (loop.seen.frames, loop.seen.with_face, loop.seen.faces) == (5, 3, 6)
    assert [said is None for said in output.said] == [True, True, False, False, False]
    assert "5 frames, 3 with a face, 6 faces" in str(loop.seen)


def test_covered_from_the_start_networks_see_the_bar():
    plain, covered = (looped(film(1), covered=covered)[1].said[0] for covered in (False, True))
    assert covered[0] > plain[0] + 0.1


def test_a_key_paints_the_bar_on_the_frame_that_is_shown_and_takes_it_away():
    view = Viewer(["b", "b", "q"])
    loop, _ = looped(film(3, rate=1.0), view)
    plain, covered, again = view.shown
    middle = slice(15, 25), slice(20, 40)
    assert covered[middle].min() == 0 and plain[middle].min() > 0
    # but for the line with the rate
    np.testing.assert_array_equal(again[24:], plain[24:])
    assert loop.seen.frames == 1


def test_a_pause_holds_the_frame_and_leaving_ends_it():
    view = Viewer(["p", " ", " ", "p", " ", "q"])
    loop, output = looped(film(9, live=True), view)
    assert loop.seen.frames == len(output.said) == 2


def test_pressed_in_a_pause_the_bar_collapses_an_average_over_a_minute_at_once():
    loop, output = looped(film(9, live=True), Viewer(["", "p", "b", "q"]), smoothing=60.0)
    [track] = loop.chain.tracker._tracks
    covered = loop.chain(frame_of(), 0.1, True)[0].answers[0]
    assert track.answers[0] == pytest.approx(covered) and covered[0] > output.said[0][0] + 0.1


def test_after_a_pause_a_film_does_not_hurry():
    times, view = [], Viewer(["p", *" " * 8, "p"])
    press = view.key
    view.key = lambda: press() if view.keys else "q" if len(view.shown) > 5 else ""
    view.show = lambda picture: times.append(time.monotonic()) or view.shown.append(picture)
    looped(film(5, rate=20.0), view)
    assert times[4] - times[1] > 0.08


def test_sixty_faces_are_drawn_without_an_error():
    boxes = [[x, y, x + 20, y + 24] for x in range(0, 640, 64) for y in range(0, 480, 80)]
    source = film(pictures=[frame_of(width=640, height=480)])
    assert looped(source, Viewer(), True, Finder(*boxes))[0].seen.faces == 60


def test_a_frame_is_saved_as_it_was_shown(tmp_path, capsys):
    saved, view = [], Viewer(["s", "q"])
    looped(film(2), view, save=lambda frame: saved.append(frame) or tmp_path / "frame-001.png")
    assert (saved[0] == view.shown[0]).all()
    assert capsys.readouterr().out == f"saved {tmp_path}/frame-001.png\n"


def test_a_film_is_shown_at_its_own_pace_and_its_end_is_held():
    view = Viewer([" "] * 10_000)
    view.key = lambda: "q" if len(view.shown) == 4 else ""
    start = time.monotonic()
    loop, _ = looped(film(3, rate=20.0), view)
    assert time.monotonic() - start >= 0.15
    assert (loop.seen.frames, len(view.shown)) == (3, 4)


def test_a_source_without_a_frame_is_said():
    with pytest.raises(UserError, match="film: not one frame can be read"):
        looped(film(0))


def test_frames_without_a_face_go_on():
    loop, output = looped(film(pictures=[frame_of(0), frame_of(255)]), finder=Finder())
    assert (loop.seen.frames, loop.seen.with_face) == (2, 0) and output.said == [None, None]
