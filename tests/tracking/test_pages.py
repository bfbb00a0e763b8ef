import tomllib
from importlib import import_module

import pytest
from flask import Flask, request

from fer_exp.system.paths import ROOT
from fer_exp.tracking import pages


@pytest.fixture
def client(tmp_path):
    """A client of an app that sends the same page from a file as MLflow does, on every path."""
    page = tmp_path / "index.html"
    page.write_text("<html><head><title>MLflow</title></head></html>")
    app = Flask("pages", static_folder=str(tmp_path))
    app.after_request(pages.close_assistant)
    app.add_url_rule("/", "start", lambda: app.send_static_file(page.name))
    app.add_url_rule("/get-artifact", "artifact", lambda: app.send_static_file(page.name))
    app.add_url_rule("/json", "json", lambda: {"asked": request.path})
    return app.test_client()


def test_the_start_page_closes_the_assistant_before_anything_runs(client):
    answer = client.get("/")
    assert answer.text == f"<html><head>{pages.SEEN}<title>MLflow</title></head></html>"
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_files_of_runs_and_answers_stay_as_they_are(client):
    assert client.get("/get-artifact").text == "<html><head><title>MLflow</title></head></html>"
    assert client.get("/json").json == {"asked": "/json"}


def test_the_package_says_where_the_app_is():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, name = project["entry-points"]["mlflow.app"][pages.NAME].split(":")
    assert getattr(import_module(module), name) is pages.create_app


def test_an_older_installation_serves_the_pages_without_the_app(monkeypatch):
    monkeypatch.setattr(pages, "entry_points", lambda **_: ())
    assert pages.app_options() == []
