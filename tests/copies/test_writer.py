"""Many pictures written by several processes: whole files or none, resumed, told apart, kept inside the output."""

import errno
import os
from dataclasses import replace

import cv2
import numpy as np
import pytest

from fer_exp.copies import writer
from fer_exp.errors import DataError
from fer_exp.occlusion.placement import place_occluder
from fer_exp.system import atomic

SIZES = np.full((6, 2), 16)


@pytest.fixture
def worn(quest2, faces):
    """The bar on six faces of 16x16 pixels."""
    return place_occluder(faces.landmarks[:6], SIZES, quest2)


@pytest.fixture
def source(tmp_path, faces):
    """Six PNG files and, beside each, a text file."""
    root = tmp_path / "source"
    for folder in ("a", "b"):
        (root / folder).mkdir(parents=True)
    for i in range(6):
        cv2.imwrite(str(root / f"a/{i}.png"), faces.pixels[i][..., ::-1])
        (root / f"b/{i}.txt").write_text(f"about {i}")
    return root


def jobs_of(source):
    return [writer.PictureJob(i, f"a/{i}.png", i % 2 == 0, f"a/{i}.png", ("b/{}.txt",)) for i in range(6)]


@pytest.fixture
def copy(tmp_path, worn):
    (tmp_path / "out").mkdir()
    return writer.CopySettings(tmp_path / "source", tmp_path / "out", worn, SIZES, 95)


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_pictures_are_those_of_the_one_painter_and_what_belongs_to_them_lies_beside(source, copy, faces, worn):
    assert writer.write(jobs_of(source), copy, workers=1) == {}
    for i in range(6):
        image = cv2.imread(str(copy.output / f"a/{i}.png"))[..., ::-1]
        np.testing.assert_array_equal(image, worn.paint(faces.pixels[i : i + 1], [i], np.array([i % 2 == 0]))[0])
        assert (copy.output / f"b/{i}.txt").read_text() == f"about {i}"
    assert not [path for path in content(copy.output) if atomic.PART in path]


def test_faces_in_memory_are_written_as_they_are(copy, faces, worn):
    copy = replace(copy, root=None, pixels=faces.pixels[:6])
    writer.write(
        [writer.PictureJob(2, "x/2.png", False, None), writer.PictureJob(3, "x/3.png", True, None)], copy, workers=1
    )
    np.testing.assert_array_equal(cv2.imread(str(copy.output / "x/2.png"))[..., ::-1], faces.pixels[2])
    painted = worn.paint(faces.pixels[3:4], [3], np.array([True]))[0]
    np.testing.assert_array_equal(cv2.imread(str(copy.output / "x/3.png"))[..., ::-1], painted)


def test_any_number_of_processes_writes_the_same(source, copy, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "CHUNK", 2)
    writer.write(jobs_of(source), copy, workers=1)
    (tmp_path / "two").mkdir()
    writer.write(jobs_of(source), replace(copy, output=tmp_path / "two"), workers=2)
    assert content(tmp_path / "two") == content(copy.output)


def test_what_is_there_is_not_written_again_and_what_is_missing_is(source, copy):
    writer.write(jobs_of(source), copy, workers=1)
    first = content(copy.output)
    stamps = {path: (copy.output / path).stat().st_mtime_ns for path in first}
    (copy.output / "a/3.png").unlink()
    (copy.output / "a" / f"{atomic.PART}99").write_bytes(b"half")  # of a process that was killed
    assert [job.target for job in writer.missing_jobs(jobs_of(source), copy.output)] == ["a/3.png"]
    writer.write(jobs_of(source), copy, workers=1)
    assert content(copy.output) == first
    assert {p for p in first if (copy.output / p).stat().st_mtime_ns != stamps[p]} == {"a/3.png", "b/3.txt"}


def test_a_picture_appears_after_what_belongs_to_it_and_only_whole(source, copy, monkeypatch):
    seen = []
    real = os.replace

    def move(part, target):
        seen.append(os.path.basename(target))
        if seen[-1] == "2.png":
            raise KeyboardInterrupt
        real(part, target)

    monkeypatch.setattr(os, "replace", move)
    with pytest.raises(KeyboardInterrupt):
        writer.write(jobs_of(source), copy, workers=1)
    assert seen == ["0.txt", "0.png", "1.txt", "1.png", "2.txt", "2.png"]
    assert sorted(content(copy.output)) == ["a/0.png", "a/1.png", "b/0.txt", "b/1.txt", "b/2.txt"]


def test_damaged_and_unreadable_pictures_are_named_and_all_others_written(source, copy):
    (source / "a/1.png").write_bytes((source / "a/1.png").read_bytes()[:-30])
    (source / "a/2.png").unlink()
    (source / "a/3.png").unlink()
    (source / "a/3.png").symlink_to(source / "nowhere.png")
    (source / "b/4.txt").unlink()
    failed = writer.write(jobs_of(source), copy, workers=1)
    assert list(failed) == ["a/1.png", "a/2.png", "a/3.png"]
    for target, words in (("a/1.png", "damaged picture"), ("a/2.png", "No such file"), ("a/3.png", "No such file")):
        assert words in failed[target]
    assert [p for p in content(copy.output) if p.startswith("a/")] == ["a/0.png", "a/4.png", "a/5.png"]


def test_links_share_the_file_and_copies_do_not(source, copy, tmp_path):
    (tmp_path / "linked").mkdir()
    writer.write(jobs_of(source), copy, workers=1)
    writer.write(jobs_of(source), replace(copy, output=tmp_path / "linked", link=True), workers=1)
    assert (tmp_path / "linked/b/0.txt").samefile(source / "b/0.txt")
    assert not (copy.output / "b/0.txt").samefile(source / "b/0.txt")
    (tmp_path / "linked/a/0.png").unlink()
    writer.write(jobs_of(source), replace(copy, output=tmp_path / "linked", link=True), workers=1)
    assert not [path for path in content(tmp_path / "linked") if atomic.PART in path]


def test_links_become_copies_where_the_disk_has_none(source, copy, monkeypatch):
    def link(*args):
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", link)
    writer.write(jobs_of(source), replace(copy, link=True), workers=1)
    assert (copy.output / "b/0.txt").read_text() == "about 0"


def test_a_folder_that_leads_out_of_the_output_is_not_written_to(source, copy):
    (copy.output / "a").symlink_to(source / "a")
    before = content(source)
    with pytest.raises(DataError, match=r"leads out of output="):
        writer.write(jobs_of(source), copy, workers=1)
    assert content(source) == before


def test_too_little_space_is_said_before_anything_is_written(source, copy, monkeypatch):
    free = type("Usage", (), {"free": writer.RESERVE + 1000})
    monkeypatch.setattr(writer.shutil, "disk_usage", lambda path: free)
    with pytest.raises(DataError, match=r"6 pictures take about .* are free there"):
        writer.write(jobs_of(source), copy, workers=1)
    assert content(copy.output) == {}


def test_a_full_disk_loses_nothing_and_the_next_call_goes_on(source, copy, monkeypatch):
    real = os.replace

    def move(part, target):
        if str(target).endswith("3.png"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(part, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", move)
        with pytest.raises(DataError, match=r"No space left.*goes on where it stopped"):
            writer.write(jobs_of(source), copy, workers=1)
    assert sorted(p for p in content(copy.output) if p.startswith("a/")) == ["a/0.png", "a/1.png", "a/2.png"]
    assert writer.write(jobs_of(source), copy, workers=1) == {}
    assert len(writer.missing_jobs(jobs_of(source), copy.output)) == 0


def test_a_process_that_is_killed_is_an_error_that_says_how_to_go_on(source, copy, monkeypatch):
    monkeypatch.setattr(writer, "CHUNK", 2)
    monkeypatch.setattr(writer, "_write_chunk", _die)
    with pytest.raises(DataError, match=r"was killed.*start again"):
        writer.write(jobs_of(source), copy, workers=2)


def _die(*args):
    os.kill(os.getpid(), 9)
