"""The MLflow pages in headless Chromium: what a user sees is what the database holds."""

import shutil

import numpy as np
import pytest
from servers import Server, free_port

from fer_exp.commands import compare, ui
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
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1800,1000", "--no-first-run"):
        options.add_argument(flag)
    for flag in ("--disable-background-networking", "--disable-component-update", "--disable-sync"):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path}/profile")
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    driver.implicitly_wait(30)
    yield driver
    driver.quit()


@pytest.fixture
def served(tmp_path):
    """A store with three runs and their summary, served: (store, port, summary id)."""
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
        run.log_figure(matrix(["a"], ["b"], np.array([[0.5]]), [["n"]], "t"), "best/confusion_normal.png")
        run.end("FINISHED")
    summary = compare.of_sweep("s-1", tracking.uri, tracking.experiment)
    port = free_port()
    server = Server(ui.command(store, port), port).start()
    yield store, port, summary
    server.kill()


def wait_for(browser, *texts):
    from selenium.webdriver.support.ui import WebDriverWait

    def there(driver):
        body = driver.find_element("tag name", "body").text
        return all(text in body for text in texts)

    WebDriverWait(browser, 90).until(there, f"not all of {texts} are on the page")
    return browser.find_element("tag name", "body").text


def test_table_charts_summary_and_picture_show_what_was_stored(browser, served):
    store, port, summary = served
    # the printed address opens the runs table in the training view, with the accuracies as columns
    browser.get(store.url(port=port))
    body = wait_for(browser, "net-mixed-s0", "0.7123", "0.3123", "0.6011")
    assert "best/normal" in body
    # the summary run shows the matrix and links to its runs
    browser.get(store.url(f"runs/{summary}", port=port))
    wait_for(browser, "0.712", "0.601", "Show more")
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
    # the charts put the test sets side by side
    browser.get(store.url(port=port).replace("/runs?", "/runs?compareRunsMode=CHART&"))
    wait_for(browser, "best/normal", "best/occluded", "best/mixed")
