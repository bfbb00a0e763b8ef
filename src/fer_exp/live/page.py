"""Frames on a page of a browser, on this machine alone: the server's source, or the browser's own camera."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Condition, Thread

import cv2
import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from fer_exp.errors import UserError
from fer_exp.live.loop import KEYS
from fer_exp.live.sources import Newest, decode

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
QUALITY = 80  # of the JPEGs that are sent
MOST = 2**22  # bytes of a picture that a browser sends
BOUNDARY = "frame"
# seconds after which a page is sent the last picture again: a browser shows it when the next one begins, and one that
# has gone is noticed then
SOON, PAUSE = 0.1, 1.0
START = 10.0  # seconds that the server may take to answer


class Page:
    """A page that shows frames; its buttons are the keys of `loop.KEYS`.

    Raises:
        UserError: the port is taken.
    """

    def __init__(self, port: int, camera: Newest | None) -> None:
        self._camera = camera  # what the browser's pictures are put into; None: the server has a source of its own
        self._keys: Queue[str] = Queue(16)
        self._changed = Condition()
        self._jpeg, self._number, self._ended = b"", 0, False
        try:
            listening = socket.create_server((HOST, port))
        except OSError as error:
            raise UserError(f"port={port}: {os.strerror(error.errno or 0)}; choose another with port=NUMBER") from error
        self.port = listening.getsockname()[1]
        self.address = f"http://{HOST}:{self.port}"
        self._server = uvicorn.Server(uvicorn.Config(self._app(), log_level="error", timeout_graceful_shutdown=1))
        self._thread = Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()
        give_up = time.monotonic() + START
        while not self._server.started and time.monotonic() < give_up:
            time.sleep(0.01)
        if not self._server.started:
            raise UserError(f"port={port}: the page's server does not start; choose another port with port=NUMBER")

    def show(self, picture: np.ndarray) -> None:
        """Send a frame (h, w, 3) uint8 BGR to whoever looks."""
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        with self._changed:
            self._jpeg, self._number = data, self._number + 1
            self._changed.notify_all()

    def key(self) -> str:
        """Return the button that was pressed, or nothing."""
        try:
            return self._keys.get_nowait()
        except Empty:
            return ""

    def close(self) -> None:
        """End the server."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._server.should_exit = True
        self._thread.join(3)

    def _app(self) -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        html = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
        html = html.replace("BROWSER_CAMERA", "false" if self._camera is None else "true")

        @app.middleware("http")
        async def own_page_alone(request: Request, call_next):  # type: ignore[no-untyped-def]
            """Refuse what another page's script, or another name for this machine, sends here."""
            # through `ssh -L` the port may be another: what matters is that host and origin are the same and local
            host, origin = request.headers.get("host", ""), request.headers.get("origin")
            if host.rsplit(":", 1)[0] not in (HOST, "localhost") or origin not in (None, f"http://{host}"):
                return Response("only the page itself may ask", 403)
            answer = await call_next(request)
            answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"  # no other page may show the frames
            return answer

        @app.get("/")
        async def index() -> HTMLResponse:
            return HTMLResponse(html, headers={"Cache-Control": "no-store"})

        @app.get("/alive")
        async def alive() -> Response:
            return Response(status_code=204)

        @app.get("/stream")
        def stream() -> StreamingResponse:
            media = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
            return StreamingResponse(self._pictures(), media_type=media, headers={"Cache-Control": "no-store"})

        @app.post("/key/{name}")
        async def press(name: str) -> Response:
            if name not in KEYS or self._keys.full():
                return Response("no such key", 404)
            self._keys.put_nowait(name)
            if name == "q" and self._camera is not None:
                self._camera.end()  # without a picture to wait for, nobody would hear the key
            return Response(status_code=204)

        @app.post("/picture")
        async def picture(request: Request) -> Response:
            if self._camera is None:
                return Response("the server has a source of its own", 404)
            body = bytearray()
            async for part in request.stream():
                body += part
                if len(body) > MOST:
                    return Response(f"a picture may have {MOST} bytes", 413)
            pixels = decode(bytes(body))
            if pixels is None:
                return Response("not a picture, or too large", 400)
            self._camera.put(pixels)
            return Response(status_code=204)

        return app

    def _pictures(self) -> Iterator[bytes]:
        """Yield the newest picture whenever there is one, as parts of one endless answer (MJPEG)."""
        sent, pause = 0, SOON
        while not self._ended:
            with self._changed:
                if self._number == sent:
                    self._changed.wait(pause)
                pause = PAUSE if self._number == sent else SOON
                data, sent = self._jpeg, self._number
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            # nothing, where there is no picture yet, is yielded too: only then a page that has gone is noticed
            yield head.encode() + data + b"\r\n" if data else b""
