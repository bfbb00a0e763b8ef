"""MLflow's own server, whose pages open with the assistant closed: it takes a quarter of the first screen."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from flask import Response, request

if TYPE_CHECKING:
    from fastapi import FastAPI

NAME = "fer-exp"  # the app's, by which `mlflow server --app-name` finds it among the entry points
# what a browser remembers once the assistant has opened by itself; undocumented, so nothing depends on it
SEEN = '<script>localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true")</script>'


def app_options() -> list[str]:
    """Return the options of `mlflow server` for this app; none where the installed package does not know it yet."""
    return ["--app-name", NAME] if entry_points(group="mlflow.app", name=NAME) else []


def create_app() -> FastAPI:
    """Return MLflow's app, which tells a browser that it has seen the assistant."""
    from mlflow.server import app as pages  # late: importing it makes the server
    from mlflow.server.fastapi_app import app

    pages.after_request(close_assistant)
    return app


def close_assistant(response: Response) -> Response:
    """Let the start page, which all pages are views of, close the assistant in a browser that is new to it."""
    if request.path == "/" and response.status_code == 200:
        response.direct_passthrough = False  # it is sent from a file
        response.set_data(response.get_data(as_text=True).replace("<head>", f"<head>{SEEN}", 1))
    return response
