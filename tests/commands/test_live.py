"""`live.py` over a small film: what a stored run's network says of its faces, in files and in the terminal."""

import csv
import json

import numpy as np
import pytest
from configs import configured
from filmed import Finder, write_video
from runs import artifacts

from fer_exp.commands import live, show_live
from fer_exp.commands.question import find_shown
from fer_exp.errors import ConfigError, UserError
from fer_exp.live import crop, libraries
from fer_exp.live.sources import open_source

FACE = [10.0, 5, 50, 45]


@pytest.fixture
def uri(trained_in):
    return f"sqlite:///{trained_in}/mlflow.db"


@pytest.fixture
def look(trained, uri, tmp_path, monkeypatch):
    """look(*words, measured=Crop) -> the film beside it is looked at; every frame of it has a face."""
    film = write_video(tmp_path / "film.avi", count=4)
    monkeypatch.setattr(show_live, "FaceFinder", lambda: Finder(FACE))

    def go(*words, measured=crop.Crop(0.5, 0.4, 0.7)):  # noqa: B008  a tuple
        monkeypatch.setattr(show_live.crop, "measure", lambda pictures, finder: measured)
        cfg = configured(f"run={trained.info.run_id}", f"tracking.uri={uri}", f"source={film}", *words, command="live")
        show_live.show(cfg, find_shown(cfg), open_source(cfg.source), None, tmp_path)

    return go


def kept_crop(trained):
    return artifacts(trained) / show_live.CROP


def test_hardly_a_face_in_the_training_pictures_is_said_and_not_kept(look, trained, tmp_path, caplog):
    look(f"output=[{tmp_path}/a.csv]", measured=None)
    assert "cropped as in FER2013" in caplog.text and not kept_crop(trained).exists()


def test_a_film_becomes_a_table_and_a_video_and_the_run_keeps_its_crop(look, trained, tmp_path, capsys):
    table, video = tmp_path / "a.csv", tmp_path / "a.avi"
    look(f"compare_run={trained.info.run_id[:8]}", f"output=[{table},{video}]")
    said = capsys.readouterr().out
    assert "4 frames, 4 with a face, 4 faces" in said and f"written {table}" in said
    rows = list(csv.DictReader(table.open()))
    assert [row["frame"] for row in rows] == ["0", "1", "2", "3"]
    assert all(row["label"] == row["compare_label"] for row in rows) and video.stat().st_size
    assert json.loads(kept_crop(trained).read_text())["width"] == 0.7
    look(f"output=[{table}]", measured=crop.Crop(width=0.1))  # it is not measured again
    assert json.loads(kept_crop(trained).read_text())["width"] == 0.7


def test_the_bar_changes_what_the_network_says(look, tmp_path):
    tables = []
    for covered in ("false", "true"):
        look(f"output=[{tmp_path}/{covered}.csv]", f"covered={covered}")
        tables.append((tmp_path / f"{covered}.csv").read_text())
    assert tables[0] != tables[1]


def test_frames_that_are_saved_are_numbered(tmp_path):
    frame = np.zeros((4, 4, 3), np.uint8)
    assert [show_live.save(tmp_path, frame).name for _ in range(2)] == ["frame-001.png", "frame-002.png"]


@pytest.mark.parametrize("words, says", [(["run=nothing"], "run=nothing: no run"), (["checkpoint=7"], "checkpoint=7")])
def test_what_no_run_can_answer_is_said_before_anything_is_opened(look, tmp_path, words, says):
    with pytest.raises(UserError, match=says):
        look(f"output=[{tmp_path}/a.csv]", *words)
    assert not (tmp_path / "a.csv").exists()


def test_a_folder_that_is_not_there_is_said(look):
    with pytest.raises(UserError, match=r"output=nowhere/a\.csv"):
        look("output=[nowhere/a.csv]")


def test_no_file_is_written_over(tmp_path):
    (tmp_path / "a.csv").write_text("of last week")
    assert live.check_outputs([f"{tmp_path}/b.csv"]) is None
    with pytest.raises(UserError, match=r"output=.*a\.csv: it is there already"):
        live.check_outputs([f"{tmp_path}/b.mp4", f"{tmp_path}/a.csv"])


def test_what_cannot_be_meant_is_said():
    with pytest.raises(ConfigError, match="view=none needs output="):
        configured("run=a", "view=none", command="live")


def test_a_window_needs_a_display(monkeypatch, own_logging, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)  # Hydra writes outputs/ into the working folder
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("use_one_thread", "quieten"):  # which last as long as the process
        monkeypatch.setattr(libraries, name, lambda: None)
    assert live.main(["run=a", "source=0"]) == 1
    said = capfd.readouterr().err
    assert "no window: " in said and said.count("\n") == 1
