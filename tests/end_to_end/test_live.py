"""live.py as its user sees it: in a window of a screen that nobody sees, and on the page in headless Chromium."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest
from filmed import BAR, Finder, film, frame_of, network, write_video
from screens import needs_screen, screen

from fer_exp.live.chain import Chain
from fer_exp.live.loop import Loop
from fer_exp.live.page import Page
from fer_exp.live.sources import Newest, open_source
from fer_exp.system.paths import ROOT

pytestmark = pytest.mark.slow

WINDOW = """
import sys
from filmed import Finder
from fer_exp.commands import live, show_live
show_live.FaceFinder = lambda: Finder([16.0, 8, 48, 40])
sys.exit(live.main(sys.argv[1:]))
"""


@pytest.fixture
def display():
    with screen() as found:
        yield found


@needs_screen
@pytest.mark.parametrize("leave", ["q", "Ctrl-C"])
def test_in_a_window_keys_do_what_they_say_and_it_ends(trained, trained_in, display, tmp_path, leave):
    write_video(tmp_path / "film.avi", count=200, width=320, height=240)
    words = [f"run={trained.info.run_id}", f"tracking.uri=sqlite:///{trained_in}/mlflow.db", "source=film.avi"]
    words += ["view=window", "output=p.csv"]
    variables = {"DISPLAY": display, "PYTHONPATH": f"{ROOT}/tests:{ROOT}/src", "FER_EXP_CACHE": f"{trained_in}/cache"}
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", WINDOW, *words], cwd=tmp_path, env=os.environ | variables, stdout=said, stderr=said
        )

    def x(*command):
        return subprocess.run(["xdotool", *command], env=os.environ | variables, capture_output=True, text=True).stdout

    def wait_for(what):
        deadline = time.monotonic() + 60
        while not (found := what()):
            assert time.monotonic() < deadline and process.poll() is None, (tmp_path / "said").read_text()
            time.sleep(0.2)
        return found

    try:
        window = wait_for(lambda: x("search", "--name", "fer-exp live").split())[0]
        x("windowfocus", window)
        wait_for(lambda: x("key", "s") or "saved" in (tmp_path / "said").read_text())
        if leave == "q":
            x("key", "q")
        else:
            process.send_signal(signal.SIGINT)
        assert process.wait(20) == (130 if leave == "Ctrl-C" else 0), (tmp_path / "said").read_text()
    finally:
        process.kill()
    assert len((tmp_path / "p.csv").read_text().splitlines()) > 1
    assert list(tmp_path.glob("outputs/*/*-live/frame-001.png"))


@pytest.fixture
def browser(tmp_path):
    """Headless Chromium, whose camera shows a grey frame."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    (tmp_path / "camera.mjpeg").write_bytes(cv2.imencode(".jpg", frame_of(120, 640, 480))[1].tobytes() * 30)
    options = Options()
    options.binary_location = shutil.which("chromium")
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path}/profile")
    options.add_argument("--use-fake-ui-for-media-stream")
    options.add_argument("--use-fake-device-for-media-stream")
    options.add_argument(f"--use-file-for-fake-video-capture={tmp_path}/camera.mjpeg")
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


class Looked:
    """The loop of a page in a thread of its own; what it saved."""

    def __init__(self, source, page):
        self.saved = []
        chain = Chain(Finder([200.0, 100, 440, 340]), [network()], 0.5, 16)
        self.loop = Loop(source, chain, BAR, page, [], False, lambda frame: self.saved.append(frame) or "frame.png")
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()


def wait_for(what):
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def seen(browser):
    """What the page's image shows, as a person sees it: (height, width, 3)."""
    data = browser.find_element("id", "frames").screenshot_as_png
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def middle(browser):
    """How bright it is where the eyes are."""
    picture = seen(browser)
    height, width = picture.shape[:2]
    return picture[int(0.4 * height) : int(0.42 * height), int(0.45 * width) : int(0.55 * width)].mean()


@pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("chromedriver")),
    reason="needs Chromium and its driver: apt-get install chromium chromium-driver",
)
@pytest.mark.parametrize("whose", ["browser", "server"])
def test_in_a_browser_frames_are_seen_and_keys_and_buttons_do_what_they_say(browser, whose):
    camera = Newest() if whose == "browser" else None
    page = Page(0, camera)
    if camera:
        source = open_source("browser", camera)
    else:
        source = film(pictures=[frame_of(120, 640, 480)] * 9999, rate=30.0)
    looked = Looked(source, page)
    browser.get(page.address)
    wait_for(lambda: abs(middle(browser) - 120) < 15)  # the camera's grey, or the film's
    browser.find_element("css selector", "[data-key=p]").click()
    wait_for(lambda: looked.loop._paused)
    frames = looked.loop.seen.frames
    browser.find_element("tag name", "body").send_keys("b")
    wait_for(lambda: middle(browser) < 30)  # the bar, also in a pause
    assert looked.loop.seen.frames == frames
    browser.find_element("css selector", "[data-key=s]").click()
    wait_for(lambda: looked.saved and "saved" in browser.find_element("id", "said").text)
    browser.find_element("css selector", "[data-key=q]").click()
    looked.thread.join(10)
    assert not looked.thread.is_alive()
    page.close()
    wait_for(lambda: "the program has ended" in browser.find_element("id", "said").text)
    assert not browser.find_element("css selector", "[data-key=b]").is_enabled()
