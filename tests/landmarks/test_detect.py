"""Landmarks are found once per picture, judged, and given in pixels of the stored picture."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fer_exp import datasets
from fer_exp.config.dataset import DatasetConfig
from fer_exp.landmarks import detect, quality
from fer_exp.landmarks.geometry import AVERAGE_FACE
from fer_exp.landmarks.orientation import ORIENTATION
from fer_exp.system import atomic


class FakeSearch:
    """Lays an average face on the picture's brightest pixel; a dark picture has none, unless a box finds it."""

    def __init__(self):
        self.seen, self.boxes, self.dies_after = 0, 0, None

    def __call__(self):
        return self

    def framed(self, pictures, share, lower):
        if self.dies_after is not None and self.seen >= self.dies_after:
            raise KeyboardInterrupt
        self.seen += len(pictures) * (share == 1)
        good = (255, 240) if share < 1 else (255,)  # of what is left, only the smaller square finds those of 240
        return self._answer(pictures, [0.0 if picture.max() in good else 9.0 for picture in pictures])

    def boxed(self, pictures):
        self.boxes += len(pictures)
        return self._answer(pictures, [0.05] * len(pictures)), np.full(len(pictures), 2)

    def _answer(self, pictures, doubt):
        brightest = [np.unravel_index(picture[..., 0].argmax(), picture.shape[:2])[::-1] for picture in pictures]
        points = np.array(brightest)[:, None] + 4.0 * AVERAGE_FACE + 0.001
        measures = np.tile(np.float32(doubt)[:, None], len(quality.MEASURES))
        return SimpleNamespace(points=points, measures=measures)


@pytest.fixture
def fake(monkeypatch):
    fake = FakeSearch()
    monkeypatch.setitem(sys.modules, "fer_exp.landmarks.search", SimpleNamespace(Search=fake))
    return fake


@pytest.fixture
def bright(faces):
    """The tiny faces, a white pixel in each but the first, whose picture is dark."""
    pixels = np.minimum(faces.pixels, 200)
    at = np.random.default_rng(0).integers(2, 14, (len(pixels), 2))
    pixels[np.arange(len(pixels)), at[:, 1], at[:, 0]] = 255
    pixels[0] = 7
    return replace(faces, pixels=pixels, landmarks=None), at


def test_points_lie_where_the_face_is(bright, fake):
    faces, at = bright
    found = detect.find(faces, 2)
    assert found.landmarks.shape == (90, 68, 2) and found.landmarks.dtype == np.float32
    assert found.landmarks[1:] == pytest.approx(at[1:, None] + np.round(4 * AVERAGE_FACE, 2), abs=1e-5)
    assert (found.score[1:] == 1).all() and (found.reason[1:] == "").all() and (found.faces == -1).all()


def test_an_implausible_face_has_none(bright, fake):
    found = detect.find(bright[0], 2)
    assert np.isnan(found.landmarks[0]).all() and found.score[0] < 0.5 and found.reason[0]
    assert fake.boxes == 0


def test_a_large_picture_has_a_second_chance(bright, fake, monkeypatch):
    monkeypatch.setattr(detect, "BOXES_FROM", 16)
    found = detect.find(bright[0], 2)
    assert np.isfinite(found.landmarks[0]).all() and found.reason[0] == ""
    assert fake.boxes == 1 and found.faces.tolist() == [2] + [-1] * 89


def test_other_squares_are_a_second_chance_too(bright, fake):
    faces, _ = bright
    pixels = faces.pixels.copy()
    pixels[0, 8, 9] = 240
    found = detect.find(replace(faces, pixels=pixels), 2)
    assert found.reason[0] == "" and found.landmarks[0, [36, 45]].mean(0) == pytest.approx([9, 8], abs=0.02)


def test_nothing_is_looked_for_twice(bright, fake):
    faces, _ = bright
    first = detect.find(faces, 2)
    second = detect.find(replace(faces, name="another"), 1)
    some = np.array([50, 3, 4, 3])
    subset = detect.find(faces.take(some), 1)
    assert fake.seen == 90
    for whole, part in ((first, second), (replace_rows(first, some), subset)):
        for name in ("landmarks", "score", "faces"):
            assert np.array_equal(getattr(whole, name), getattr(part, name), equal_nan=True)
        assert whole.reason.tolist() == part.reason.tolist()


def replace_rows(found, rows):
    return detect.FoundLandmarks(found.landmarks[rows], found.score[rows], found.reason[rows], found.faces[rows])


def test_equal_pictures_are_looked_at_once(bright, fake):
    faces, _ = bright
    found = detect.find(faces.take(np.array([5, 5, 6, 5])), 1)
    assert fake.seen == 2 and np.array_equal(found.landmarks[0], found.landmarks[3])


def test_a_killed_run_goes_on(bright, fake, monkeypatch):
    monkeypatch.setattr(detect, "BLOCK", 20)
    fake.dies_after = 60
    with pytest.raises(KeyboardInterrupt):
        detect.find(bright[0], 2)
    fake.dies_after = None
    found = detect.find(bright[0], 2)
    assert fake.seen == 90 and (found.reason[1:] == "").all()


def test_a_damaged_block_is_looked_for_again(bright, fake, own_folders):
    detect.find(bright[0], 2)
    (block,) = own_folders.glob("cache/landmarks/*/*/table.npz")
    block.write_bytes(block.read_bytes()[:-200])
    found = detect.find(bright[0], 2)
    assert fake.seen == 180 and (found.reason[1:] == "").all()


def test_a_block_that_is_being_written_is_not_read(bright, fake, own_folders):
    detect.find(bright[0], 2)
    (block,) = own_folders.glob("cache/landmarks/*/*/table.npz")
    with atomic.temporary(block.parent.parent) as part:
        block.parent.rename(part)
        detect.find(bright[0], 2)
    assert fake.seen == 180


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_files_are_looked_at_upright_and_answered_as_stored(faces, fake, tmp_path, orientation):
    stored = np.zeros((24, 40, 3), np.uint8)
    stored[5, 30] = 255
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    (tmp_path / "b.png").write_bytes(b"no picture")
    two = replace(
        faces.take(np.arange(2)), ids=np.array(["a.png", "b.png"]), pixels=None, root=tmp_path, landmarks=None
    )
    found = detect.find(two, 1)
    middle = found.landmarks[0, [36, 45]].mean(0)
    assert middle == pytest.approx([30, 5], abs=0.1)
    right = found.landmarks[0, 45] - found.landmarks[0, 36]
    up = {1: (1, 0), 3: (-1, 0), 6: (0, -1), 8: (0, 1)}[orientation]
    assert right / np.linalg.norm(right) == pytest.approx(up, abs=0.01)
    assert np.isnan(found.landmarks[1]).all() and found.reason[1] == quality.NOTHING


def test_loading_finds_them_where_asked(bright, fake, monkeypatch, caplog):
    faces, _ = bright
    monkeypatch.setattr(datasets, "load", lambda cfg, *, size, workers: faces)
    plain = detect.load(DatasetConfig(name="tiny"), size=16, workers=1)
    auto = detect.load(DatasetConfig(name="tiny", landmarks="auto"), size=16, workers=1)
    again = detect.load(DatasetConfig(name="tiny", landmarks="auto"), size=16, workers=1)
    assert plain is faces and np.isfinite(auto.landmarks[1:]).all() and np.isnan(auto.landmarks[0]).all()
    assert auto.fingerprint == again.fingerprint != faces.fingerprint
    assert "no plausible landmarks in 1 of 90 pictures" in caplog.text


def test_a_dataset_without_a_single_one_has_none(bright, fake, monkeypatch):
    faces = bright[0].take(np.array([0]))
    monkeypatch.setattr(datasets, "load", lambda cfg, *, size, workers: faces)
    assert detect.load(DatasetConfig(name="tiny", landmarks="auto"), size=16, workers=1).landmarks is None


def test_importing_it_is_light():
    code = "import sys, fer_exp.landmarks; print([m for m in ('keras', 'tensorflow', 'mlflow') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
