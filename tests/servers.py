"""Tracking servers, and databases, that can be killed, held and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def answering(handle):
    """Yield the address of a server that lets a function of the handler answer whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        do_GET = do_POST = do_PUT = do_PATCH = handle

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def lying(answer):
    """Yield the address of a server that answers everything with 200 and this text, and keeps nothing."""

    def handle(handler):
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        body = answer.encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answering(handle)


def busy(retry_after=None):
    """A function that answers 429: too many requests, and how long to wait."""

    def handle(handler):
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        handler.send_response(429)
        if retry_after is not None:
            handler.send_header("Retry-After", str(retry_after))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return handle


def behind_faults(uri, draw):
    """Yield the address of a proxy of a server.

    Args:
        uri: of the server.
        draw: is called for each request, and returns what happens to it: None, "busy", "busy for long", or, when the
            server has done what was asked, "cut" (half the answer, then the end) or "half" (half, as if that were all).
    """

    def handle(handler):
        fault = draw()
        if fault in ("busy", "busy for long"):
            busy(3600 if fault == "busy for long" else None)(handler)
            return
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        kept = {key: handler.headers[key] for key in ("Content-Type",) if key in handler.headers}
        request = urllib.request.Request(uri + handler.path, body or None, kept, method=handler.command)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        sent = content[: len(content) // 2] if fault in ("cut", "half") else content
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content if fault == "cut" else sent)))
        handler.end_headers()
        handler.wfile.write(sent)
        handler.close_connection = True

    return answering(handle)


class Server:
    """A command that serves MLflow on this port, with these variables in its environment."""

    def __init__(self, command, port, **environment):
        self.command, self.port, self.environment, self.process = command, port, environment, None
        self.uri = f"http://127.0.0.1:{port}"

    @classmethod
    def over(cls, backend, folder):
        """`mlflow server` over a database, with its artifacts in a folder."""
        port = free_port()
        words = ["--backend-store-uri", backend, "--artifacts-destination", str(folder), "--workers", "1"]
        command = [sys.executable, "-m", "mlflow", "server", *words, "--port", str(port)]
        return cls(command, port, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")  # seconds less to start

    def start(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = os.environ | self.environment
        self.process = subprocess.Popen(self.command, env=environment, start_new_session=True, **quiet)
        deadline = time.monotonic() + 120
        while not self.answers():
            assert time.monotonic() < deadline, "the server does not answer"
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}"
            time.sleep(0.1)
        return self

    def answers(self):
        try:
            return urllib.request.urlopen(f"{self.uri}/health", timeout=2).status == 200
        except (urllib.error.URLError, OSError):
            return False

    def signal(self, number):
        for process in [self.process, *psutil.Process(self.process.pid).children(recursive=True)]:
            os.kill(process.pid, number)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Postgres:
    """A PostgreSQL of its own, in a folder of its own."""

    def __init__(self):
        self.bin = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
        self.port = free_port()
        self.uri = f"postgresql+pg8000://postgres@127.0.0.1:{self.port}/postgres"
        self.folder = Path(tempfile.mkdtemp(prefix="fer-exp-postgres-"))

    def call(self, program, *words):
        # it refuses to be root
        user = {"user": "postgres"} if os.getuid() == 0 else {}
        words = [self.bin / program, "-D", self.folder / "data", *words]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **user)

    def create(self):
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.call("initdb", "--auth=trust", "--no-sync", "--username=postgres", "--encoding=UTF8")
        return self.start()

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -F"
        self.call("pg_ctl", "--wait", f"--log={self.folder}/log", f"--options={options}", "start")
        return self

    def stop(self):
        self.call("pg_ctl", "--wait", "--mode=immediate", "stop")

    def remove(self):
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)
