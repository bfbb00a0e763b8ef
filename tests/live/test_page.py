"""The page: frames to a browser, keys and pictures from it, and nothing for anybody else."""

import socket
import threading
import time

import cv2
import numpy as np
import pytest
import requests
from filmed import frame_of

from fer_exp.errors import UserError
from fer_exp.live.page import MOST, Page
from fer_exp.live.sources import Newest


@pytest.fixture
def camera():
    return Newest()


@pytest.fixture
def page(camera):
    page = Page(0, camera)
    yield page
    page.close()


def jpeg(value=120):
    return cv2.imencode(".jpg", frame_of(value))[1].tobytes()


def post(page, path, **more):
    return requests.post(f"{page.address}{path}", timeout=10, **more)


def test_frames_that_are_shown_stream_to_whoever_looks(page):
    page.show(frame_of(40))
    with requests.get(f"{page.address}/stream", stream=True, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        data = b""
        for part in answer.iter_content(1024):
            data += part
            if data.count(b"\xff\xd9"):
                break
            page.show(frame_of(40))
    picture = cv2.imdecode(np.frombuffer(data[data.index(b"\xff\xd8") :], np.uint8), cv2.IMREAD_COLOR)
    assert picture.mean() == pytest.approx(40, abs=2)


def test_buttons_are_keys_and_others_are_none(page):
    assert page.key() == ""
    assert [post(page, f"/key/{key}").status_code for key in "bps"] == [204] * 3
    assert [page.key() for _ in range(4)] == ["b", "p", "s", ""]
    assert post(page, "/key/x").status_code == 404 and page.key() == ""


def test_a_browsers_pictures_are_frames_and_nonsense_is_refused(page, camera):
    assert post(page, "/picture", data=jpeg(120)).status_code == 204
    assert camera.take(5).mean() == pytest.approx(120, abs=2)
    assert post(page, "/picture", data=b"no picture").status_code == 400
    assert post(page, "/picture", data=bytes(MOST + 1)).status_code == 413


def test_a_page_of_the_servers_own_source_takes_no_pictures():
    page = Page(0, None)
    try:
        assert post(page, "/picture", data=jpeg()).status_code == 404
        assert "BROWSER_CAMERA" not in requests.get(page.address, timeout=10).text
    finally:
        page.close()


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Host": "evil.example:8000"}]
)
def test_other_pages_and_other_names_of_this_machine_are_refused(page, headers):
    assert requests.get(page.address, headers=headers, timeout=10).status_code == 403
    assert post(page, "/key/q", headers=headers).status_code == 403
    assert page.key() == ""


def test_through_a_tunnel_the_port_may_be_another(page):
    headers = {"Host": "localhost:9000", "Origin": "http://localhost:9000"}
    assert post(page, "/key/b", headers=headers).status_code == 204


def test_a_port_that_is_taken_is_said(page):
    with pytest.raises(UserError, match=rf"port={page.port}: Address already in use; choose another with port=NUMBER"):
        Page(page.port, None)


def test_a_picture_comes_again_soon_since_a_browser_shows_it_only_then(page):
    page.show(frame_of(40))
    with requests.get(f"{page.address}/stream", stream=True, timeout=10) as answer:
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        start, data = time.monotonic(), b""
        for part in answer.iter_content(64):
            data += part
            if data.count(b"--frame") == 2:
                break
        assert time.monotonic() - start < 0.8


def test_keys_that_nobody_listens_to_do_not_pile_up(page):
    assert {post(page, "/key/s").status_code for _ in range(20)} == {204, 404}


@pytest.mark.parametrize("shown", [True, False])
def test_browsers_that_go_and_that_stay_without_reading_leave_no_thread(shown):
    before = set(threading.enumerate())
    page = Page(0, None)
    if shown:
        page.show(np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8))
    for _ in range(3):
        asking(page).close()
    staying = [asking(page) for _ in range(3)]
    start = time.monotonic()
    page.close()
    assert time.monotonic() - start < 3
    while (left := set(threading.enumerate()) - before) and time.monotonic() - start < 10:
        time.sleep(0.02)
    assert not left
    for connection in staying:
        connection.close()


def asking(page):
    connection = socket.create_connection(("127.0.0.1", page.port))
    connection.sendall(f"GET /stream HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n".encode())
    return connection


def test_a_browser_that_stays_keeps_nothing_alive():
    page = Page(0, None)
    page.show(frame_of())
    with requests.get(f"{page.address}/stream", stream=True, timeout=10) as answer:
        next(answer.iter_content(64))
        start = time.monotonic()
        page.close()
        assert time.monotonic() - start < 5
    with pytest.raises(requests.ConnectionError):
        requests.get(page.address, timeout=2)


def test_leaving_wakes_a_loop_that_waits_for_a_picture(page, camera):
    assert post(page, "/key/q").status_code == 204
    assert camera.take(5) is None and page.key() == "q"
