"""The MLflow pages in headless Chromium, on a screen of 1280x800: what a user sees is what the database holds."""

import shutil
import sys

import numpy as np
import psutil
import pytest
from servers import Server, free_port

from fer_exp.commands import compare
from fer_exp.config.tracking import TrackingConfig
from fer_exp.reports.figures import matrix
from fer_exp.tracking import Recorder, open_store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="needs Chromium and its driver: apt-get install chromium chromium-driver",
    ),
]
SETS = ("normal", "occluded", "mixed")


@pytest.fixture
def browser(tmp_path):
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = shutil.which("chromium")
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"):
        options.add_argument(flag)
    for flag in ("--disable-background-networking", "--disable-component-update", "--disable-sync"):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path}/profile")
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    driver.implicitly_wait(30)
    screen = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    yield driver
    driver.quit()


@pytest.fixture
def served(tmp_path):
    """A store with two runs and their summary, served: (store, server, summary id)."""
    tracking = TrackingConfig(f"sqlite:///{tmp_path}/mlflow.db", "faces")
    store = open_store(tracking.uri, tracking.experiment)
    for variant, accuracies in (("normal", (0.7123, 0.3123, 0.5123)), ("mixed", (0.6877, 0.6011, 0.6444))):
        run = Recorder.new(store, f"net-{variant}-s0", {"kind": "run", "sweep_id": "s-1"})
        run.log_params({"data": variant, "seed": 0, "model": "net", "dataset": "tiny"})
        for checkpoint in ("best", "last"):
            values = {f"{checkpoint}/{s}": a for s, a in zip(SETS, accuracies, strict=True)}
            run.log_metrics(values | {f"{checkpoint}_ci_low/{s}": 0.1 for s in SETS})
            run.log_metrics({f"{checkpoint}_ci_high/{s}": 0.9 for s in SETS})
        for epoch in (1, 2, 3):
            run.log_metrics({"loss": 1 / epoch, "val_loss": 1.2 / epoch}, epoch)
            run.log_metrics({"accuracy": 1 - 1 / epoch, "val_accuracy": 1 - 1.2 / epoch}, epoch)
        run.log_figure(matrix(["a"], ["b"], np.array([[0.5]]), [["n"]], "t"), "best/confusion_normal.png")
        run.end("FINISHED")
    summary = compare.of_sweep("s-1", tracking.uri, tracking.experiment)
    port = free_port()
    words = ["--port", str(port), "--uri", store.uri, "--experiment", store.experiment]
    server = Server([sys.executable, "-m", "fer_exp", "ui", *words], port).start()
    yield store, server, summary
    server.kill()


def wait_for(browser, *texts):
    from selenium.webdriver.support.ui import WebDriverWait

    def there(driver):
        body = driver.find_element("tag name", "body").text
        return all(text in body for text in texts)

    WebDriverWait(browser, 90).until(there, f"not all of {texts} are on the page")
    return browser.find_element("tag name", "body").text


def in_view(browser, element):
    """Return whether an element lies whole within the window and the boxes that scroll it."""
    return browser.execute_script(
        """
        const is = arguments[0].getBoundingClientRect();
        for (let box = arguments[0].parentElement; box; box = box.parentElement) {
            const within = box.getBoundingClientRect(), {overflowX, overflowY} = getComputedStyle(box);
            if (overflowX != "visible" && (is.left < within.left || is.right > within.right)) return false;
            if (overflowY != "visible" && (is.top < within.top || is.bottom > within.bottom)) return false;
        }
        return is.left >= 0 && is.top >= 0 && is.right <= innerWidth && is.bottom <= innerHeight;
        """,
        element,
    )


def test_table_charts_summary_and_picture_show_what_was_stored(browser, served):
    store, server, summary = served
    port = server.port
    # MLflow's command and one worker, no executor of jobs
    assert len(psutil.Process(server.process.pid).children(recursive=True)) == 2
    # the printed address opens the runs table in the training view: what a run is, and its accuracies
    browser.get(store.url(port=port))
    body = wait_for(browser, "net-mixed-s0", "0.7123", "0.3123", "0.6011")
    assert "best/normal" in body
    shown = {"best/normal": "0.6877", "best/occluded": "0.6011", "data": "mixed", "dataset": "tiny", "seed": "0"}
    for column, value in shown.items():
        kind = "metrics" if "/" in column else "params"
        cells = browser.find_elements("css selector", f"[role=gridcell][col-id='{kind}.`{column}`']")
        assert value in [cell.text for cell in cells]
        assert all(in_view(browser, cell) for cell in cells)
    assert "Assistant" not in body  # closed, in a fresh profile
    # the summary run shows the matrix and links to its runs
    browser.get(store.url(f"runs/{summary}", port=port))
    wait_for(browser, "0.712", "0.601", "Show more")
    for text in ("0.712", "0.312", "0.512", "0.688", "0.601", "0.644"):
        assert in_view(browser, browser.find_element("xpath", f"//td//*[text()='{text}']"))
    browser.find_element("xpath", "//*[text()='Show more']").click()
    link = browser.find_element("link text", "net-mixed-s0")
    assert f"/experiments/{store.experiment_id}/runs/" in link.get_attribute("href")
    # its picture opens among the artifacts
    browser.get(store.url(f"runs/{summary}/artifacts/matrix-best.png", port=port))
    wait_for(browser, "matrix-best.png")
    picture = browser.find_element("css selector", "img.rc-image-img")
    assert int(picture.get_attribute("naturalWidth")) > 100
    # so does the answer page, with the numbers of the database
    browser.get("about:blank")  # only a new page opens the artifact that its address names
    browser.get(store.url(f"runs/{summary}/artifacts/answer.html", port=port))
    wait_for(browser, "answer.html")
    browser.switch_to.frame(browser.find_element("css selector", "iframe"))
    wait_for(browser, "Before you trust the numbers", "0.712", "0.601", "being covered costs 40.0 points")
    browser.switch_to.default_content()
    # the charts open with the curves, then put the test sets side by side
    browser.get(store.url(port=port).replace("/runs?", "/runs?compareRunsMode=CHART&"))
    body = wait_for(browser, "loss vs val_loss", "accuracy vs val_accuracy", "best\n(3)")
    assert body.index("training\n(2)") < body.index("accuracy vs val_accuracy") < body.index("best\n(3)")
    browser.execute_script("arguments[0].scrollIntoView()", browser.find_element("xpath", "//*[text()='best']"))
    wait_for(browser, "best/normal", "best/occluded", "best/mixed")
