"""Files of what was seen: whole, or not there."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
from filmed import Finder, film, frame_of, network, read_video

from fer_exp.errors import UserError
from fer_exp.live.chain import Chain
from fer_exp.live.outputs import open_output
from fer_exp.live.sources import Frame

FACES = [10, 5, 30, 25], [35, 10, 60, 40]


def write(file, source, networks, smoothing=0.0, ends=None):
    """Write a file of a source whose every frame has two faces; `ends` is raised in the midst."""
    chain = Chain(Finder(*FACES), networks, smoothing, 16)
    with open_output(str(file), source, networks) as output:
        for frame in source.frames:
            output.write(frame, chain(frame.pixels, frame.seconds, False), frame.pixels)
        if ends is not None:
            raise ends


def left_in(folder):
    """Names of the files there, but for the empty database that every test has."""
    return [file.name for file in folder.iterdir() if not file.name.startswith("mlflow.db")]


def rows_of(file):
    with file.open(newline="") as lines:
        return list(csv.reader(lines))


def test_a_table_has_a_row_per_frame_and_face_and_columns_for_every_network(tmp_path):
    write(tmp_path / "a.csv", film(3), [network(), network("compare")])
    header, *rows = rows_of(tmp_path / "a.csv")
    assert header[:7] == ["frame", "face", "x", "y", "width", "height", "label"]
    assert header[7:] == ["dark", "bright", "compare_label", "compare_dark", "compare_bright"]
    assert [row[:6] for row in rows[:2]] == [
        ["0", "0", "10.0", "5.0", "20.0", "20.0"],
        ["0", "1", "35.0", "10.0", "25.0", "30.0"],
    ]
    assert [row[0] for row in rows] == ["0", "0", "1", "1", "2", "2"]
    assert float(rows[0][7]) + float(rows[0][8]) == pytest.approx(1)


def test_a_table_holds_what_was_said_of_the_frame_alone(tmp_path):
    pictures = [frame_of(250), frame_of(5)]
    write(tmp_path / "a.csv", film(pictures=pictures), [network()], smoothing=60.0)
    assert [row[6] for row in rows_of(tmp_path / "a.csv")[1:]] == ["bright", "bright", "dark", "dark"]


def test_a_name_that_a_spreadsheet_would_compute_is_only_a_name(tmp_path):
    write(tmp_path / "a.csv", film(1), [network(classes=("=1+1", "bright"))])
    assert rows_of(tmp_path / "a.csv")[0][7] == "'=1+1"


@pytest.mark.parametrize("ending", ["mp4", "avi", "mkv"])
def test_a_video_has_every_frame_at_the_sources_rate(tmp_path, ending):
    file = tmp_path / f"a.{ending}"
    pictures = [frame_of(40 * i) for i in range(5)]
    write(file, film(pictures=pictures), [network()])
    frames = read_video(file)
    assert len(frames) == 5 and frames[0].shape == (48, 64, 3)
    assert [frame.mean() for frame in frames] == pytest.approx([0, 40, 80, 120, 160], abs=6)


def test_a_video_of_a_camera_lasts_as_long_as_it_did(tmp_path):
    source = film(live=True, rate=10.0)
    late = iter(
        [Frame(0, 0.0, frame_of()), Frame(1, 0.5, frame_of()), Frame(2, 0.52, frame_of()), Frame(3, 1.0, frame_of())]
    )
    write(tmp_path / "a.avi", source._replace(frames=late), [network()])
    assert len(read_video(tmp_path / "a.avi")) == 11


def test_frames_of_other_sizes_are_resized_to_the_first(tmp_path):
    pictures = [frame_of(100, 64, 48), frame_of(100, 33, 21)]
    write(tmp_path / "a.avi", film(pictures=pictures), [network()])
    assert [frame.shape for frame in read_video(tmp_path / "a.avi")] == [(48, 64, 3)] * 2


@pytest.mark.parametrize(
    "ends", [KeyboardInterrupt(), UserError("camera 0: no more frames come"), BrokenPipeError(32, "of the terminal")]
)
@pytest.mark.parametrize("name", ["a.csv", "a.avi"])
def test_what_was_written_until_it_was_stopped_is_whole(tmp_path, ends, name):
    with pytest.raises(type(ends)):
        write(tmp_path / name, film(3), [network()], ends=ends)
    written = rows_of(tmp_path / name)[1:] if name == "a.csv" else read_video(tmp_path / name)
    assert len(written) == (6 if name == "a.csv" else 3)
    assert left_in(tmp_path) == [name]


@pytest.mark.parametrize("name", ["a.csv", "a.avi"])
def test_a_mistake_of_ours_and_a_source_without_a_frame_leave_nothing(tmp_path, name):
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / name, film(3), [network()], ends=ZeroDivisionError())
    with pytest.raises(UserError, match="no frame to write"):
        write(tmp_path / name, film(0), [network()])
    assert not left_in(tmp_path)


def test_a_full_disk_is_said(tmp_path):
    def refuse(row):
        raise OSError(28, "No space left on device")

    faces = Chain(Finder(*FACES), [network()], 0.0, 16)(frame_of(), 0.0, False)
    full = pytest.raises(UserError, match="the table cannot be written: No space left")
    with full, open_output(str(tmp_path / "a.csv"), film(1), [network()]) as output:
        output._rows = SimpleNamespace(writerow=refuse)
        output.write(Frame(0, 0.0, frame_of()), faces, frame_of())


@pytest.mark.parametrize("name", ["nowhere/a.csv", "nowhere/a.avi"])
def test_a_folder_that_is_not_there_is_said(tmp_path, name):
    with pytest.raises(UserError, match=r"output=.*nowhere/a"):
        write(tmp_path / name, film(1), [network()])


def test_no_face_is_no_row(tmp_path):
    chain = Chain(Finder(), [network()], 0.0, 16)
    source = film(2)
    with open_output(str(tmp_path / "a.csv"), source, [network()]) as output:
        for frame in source.frames:
            output.write(frame, chain(frame.pixels, 0.0, False), np.zeros_like(frame.pixels))
    assert len(rows_of(tmp_path / "a.csv")) == 1
