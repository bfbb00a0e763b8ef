"""Where frames come from, and what happens where none come."""

import struct
import threading
import time
import zlib

import cv2
import numpy as np
import pytest
from filmed import frame_of, write_video
from servers import answering

from fer_exp.errors import UserError
from fer_exp.live import sources
from fer_exp.live.sources import MOST, Newest, decode, open_source


def picture(path, value=100, **size):
    path.write_bytes(cv2.imencode(path.suffix, frame_of(value, **size))[1].tobytes())
    return path


def promised(width, height):
    """A PNG that promises so many pixels, and has none."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # noqa: E731
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_video_is_gone_through_frame_by_frame_at_its_own_rate(tmp_path):
    source = open_source(str(write_video(tmp_path / "film.avi", count=6, rate=10)))
    frames = list(source.frames)
    assert (source.name, source.live, source.length, source.rate) == ("film.avi", False, 6, 10)
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert [frame.seconds for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert [frame.pixels.mean() for frame in frames] == pytest.approx([0, 40, 80, 120, 160, 200], abs=3)


def test_a_damaged_video_gives_what_can_be_read_and_says_so(tmp_path, caplog):
    # its index, which counts the frames, comes first
    file = write_video(tmp_path / "film.avi", count=40, width=128, height=96)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) * 2 // 3])
    frames = list(open_source(str(file)).frames)
    assert 0 < len(frames) < 40
    assert caplog.messages == [f"warning: film.avi: {len(frames)} of 40 frames could be read"]


def test_a_folder_is_its_pictures_in_natural_order_without_those_that_cannot_be_read(tmp_path, caplog):
    for name, value in (("10.png", 30), ("9.jpg", 20), ("1.bmp", 10)):
        picture(tmp_path / name, value)
    (tmp_path / "2.png").write_bytes(b"no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("")
    source = open_source(str(tmp_path))
    frames = list(source.frames)
    assert source.length == 4 and not source.live
    assert [frame.pixels.mean() for frame in frames] == pytest.approx([10, 20, 30], abs=2)
    assert [frame.number for frame in frames] == [0, 2, 3]  # that of the file
    assert caplog.messages == ["warning: 2.png cannot be read, and is left out"]


def test_one_picture_is_one_frame(tmp_path):
    source = open_source(str(picture(tmp_path / "face.JPG", 90)))
    [frame] = source.frames
    assert (source.length, frame.pixels.shape) == (1, (48, 64, 3))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing.mp4", "no such file or folder; a camera is a number"),
        ("", "there are no pictures in it"),
        ("film.txt", "neither a picture nor a video"),
    ],
)
def test_what_is_no_source_is_said(tmp_path, name, says):
    (tmp_path / "film.txt").write_text("words")
    with pytest.raises(UserError, match=f"source=.*{says}"):
        open_source(str(tmp_path / name))


def test_a_camera_and_a_stream_that_are_not_there_are_said_without_the_password():
    with pytest.raises(UserError, match="source=99: there is no such camera"):
        open_source("99")
    with pytest.raises(UserError, match=r"source=rtsp://\*\*\*@127.0.0.1:9/x: no stream answers"):
        open_source("rtsp://me:secret@127.0.0.1:9/x")


def test_a_picture_that_promises_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch):
    decoded = []
    monkeypatch.setattr(sources.cv2, "imdecode", lambda *_: decoded.append(1))
    assert decode(promised(50_000, 50_000)) is None and decode(promised(1, MOST + 1)) is None
    assert not decoded


@pytest.mark.parametrize("data", [b"", b"GIF89a" + bytes(50), b"\xff\xd8\xff" + bytes(50), promised(10, 10), b"BM"])
def test_what_is_no_picture_is_none(data):
    assert decode(data) is None


def test_of_pictures_that_nobody_took_in_time_the_newest_is_left():
    newest = Newest()
    for value in range(5):
        newest.put(np.full(1, value))
    assert newest.take(1) == 4
    with pytest.raises(TimeoutError):
        newest.take(0.01)
    threading.Timer(0.05, newest.put, [np.full(1, 7)]).start()
    assert newest.take(5) == 7
    newest.end()
    assert newest.take(None) is None


class Camera:
    """A camera that gives a frame each `pause` seconds, `count` in all, then hangs or says that there are no more."""

    def __init__(self, count, pause=0.005, hangs=False):
        self.left, self.pause, self.hangs, self.given = count, pause, hangs, 0

    def isOpened(self):
        return True

    def read(self):
        time.sleep(self.pause if self.left or not self.hangs else 3600)
        self.given, self.left = self.given + 1, self.left - 1
        return self.left >= 0, np.full((2, 2, 3), min(self.given, 255), np.uint8)


def test_frames_of_a_camera_are_dropped_and_not_queued():
    camera = Camera(10_000)
    source = sources._captured(camera, "camera 0", "")
    assert source.live and source.length is None
    first = next(source.frames)
    time.sleep(0.2)
    shown = camera.given
    second = next(source.frames)
    assert shown > 5 and second.pixels.max() >= min(shown - 1, 255)
    assert (first.number, second.number) == (0, 1) and second.seconds >= 0.2
    camera.left = 0


@pytest.mark.parametrize("hangs", [True, False])
def test_a_camera_that_is_lost_is_said_and_never_waited_for(monkeypatch, hangs):
    monkeypatch.setattr(sources, "PATIENCE", 0.2)
    source = sources._captured(Camera(1, hangs=hangs), "camera 0", "")
    next(source.frames)
    start = time.monotonic()
    with pytest.raises(UserError, match=r"camera 0: no (frame came for|more frames come)"):
        next(source.frames)
    assert time.monotonic() - start < 2


def served(frames, stalls):
    """Answer with an endless MJPEG of that many frames, then say nothing."""

    def handle(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=b")
        handler.end_headers()
        jpeg = cv2.imencode(".jpg", frame_of(120))[1].tobytes()
        try:
            for _ in range(frames):
                head = f"--b\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
                handler.wfile.write(head + jpeg + b"\r\n")
                handler.wfile.flush()
                time.sleep(0.01)
            stalls.wait(30)
        except OSError:
            pass

    return answering(handle)


def test_a_stream_that_stalls_is_said_and_never_waited_for(monkeypatch):
    monkeypatch.setattr(sources, "PATIENCE", 0.5)
    stalls = threading.Event()
    with served(60, stalls) as address:
        source = open_source(f"{address}/stream.mjpg")
        assert source.live
        seen = 0
        start = time.monotonic()
        with pytest.raises(UserError, match=r"127.0.0.1.*no (frame came|more frames)"):
            for frame in source.frames:
                seen += 1
                assert frame.pixels.mean() == pytest.approx(120, abs=3)
        assert seen and time.monotonic() - start < 5
        stalls.set()


def test_an_address_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(sources, "PATIENCE", 0.3)
    stalls = threading.Event()
    with answering(lambda handler: stalls.wait(30)) as address:
        start = time.monotonic()
        with pytest.raises(UserError, match="no stream answers"):
            open_source(address)
        assert time.monotonic() - start < 5
        stalls.set()


def test_a_video_at_an_address_is_gone_through_frame_by_frame(tmp_path):
    data = write_video(tmp_path / "film.avi", count=6).read_bytes()

    def handle(handler):
        begin = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        handler.send_response(206)
        handler.send_header("Accept-Ranges", "bytes")
        handler.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        handler.send_header("Content-Length", str(len(data) - begin))
        handler.end_headers()
        handler.wfile.write(data[begin:])

    with answering(handle) as address:
        source = open_source(f"{address}/film.avi")
        assert not source.live and len(list(source.frames)) == source.length == 6


def test_the_pages_own_camera_is_waited_for_and_ends_where_somebody_leaves():
    camera = Newest()
    source = open_source("browser", camera)
    assert source.live
    threading.Timer(0.05, camera.put, [frame_of()]).start()
    assert next(source.frames).number == 0
    camera.end()
    assert list(source.frames) == []
