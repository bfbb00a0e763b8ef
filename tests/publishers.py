"""Publishers on this machine: a web server of one file, and clients of package registries that copy an archive."""

import hashlib
import io
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

CLIENT = """\
import pathlib, shutil, sys, time
with open({calls!r}, "a") as calls:
    print(*sys.argv[1:], file=calls)
time.sleep({seconds})
archives = list(pathlib.Path({published!r}).iterdir())
for archive in archives:
    shutil.copy(archive, ".")
if not archives:
    sys.exit({message!r})
"""


class Publisher:
    """A web server: `breaks` answers end after a third; `sized` ones say their length; `paths` were asked for."""

    def __init__(self, content: bytes) -> None:
        self.content, self.breaks, self.sized, self.status = content, 0, True, 200
        self.paths, self.address = [], ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.paths.append(request.path)
        request.send_response(self.status)
        if self.sized:
            request.send_header("Content-Length", str(len(self.content)))
        request.end_headers()
        size = len(self.content) // 3 if self.breaks else len(self.content)
        self.breaks = max(0, self.breaks - 1)
        request.wfile.write(self.content[:size])


def ask_directly(monkeypatch) -> None:
    """No proxy, and no pause before a transfer is tried again."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=lambda seconds: None))


@contextmanager
def serving(content: bytes) -> Iterator[Publisher]:
    """A web server that answers every path with this content."""
    publisher = Publisher(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            publisher.answer(self)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        publisher.address = f"http://127.0.0.1:{server.server_port}"
        yield publisher
        server.shutdown()


class Clients:
    """`pip` and `npm` that copy what lies in `published` into the working folder, and fail where nothing does."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder, self.published = folder, folder / "published"
        self.published.mkdir(parents=True)
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("PYTHONPATH", str(folder))
        self.install()

    def install(self, message: str = "the reason\na remark", seconds: float = 0) -> None:
        """Make them, with what they say where they fail and how long they take."""
        words = {"published": str(self.published), "calls": str(self.folder / "calls")}
        client = CLIENT.format(**words, message=message, seconds=seconds)
        (self.folder / "pip.py").write_text(client)
        (self.folder / "npm").write_text(f"#!{sys.executable}\n{client}")
        (self.folder / "npm").chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """The words of each call."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.is_file() else []


def write_archive(file: Path, contents: dict[str, bytes]) -> None:
    """Write a .whl or .tgz of these files."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file, "w") as wheel:
            for name, content in contents.items():
                wheel.writestr(name, content)
        return
    with tarfile.open(file, "w:gz") as tarball:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tarball.addfile(member, io.BytesIO(content))


def sha256(content: bytes) -> str:
    """As in a table of files."""
    return hashlib.sha256(content).hexdigest()
