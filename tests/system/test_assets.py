"""Published files come whole or not at all, go on where they broke off, and are looked for nearby first."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import requests

from fer_exp.errors import UserError
from fer_exp.system import assets
from fer_exp.system.assets import ASSETS, Asset, fetch

CONTENT = np.random.default_rng(0).bytes(300_000)


class Publisher:
    """A server of one file. `breaks` answers end after a third; `ranges` says whether it can begin in the middle."""

    def __init__(self):
        self.content, self.breaks, self.ranges, self.status, self.asked = CONTENT, 0, True, 200, []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        start = 0
        asked = request.headers.get("Range")
        self.asked.append(asked)
        if self.ranges and asked:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        request.send_response(206 if start else self.status)
        request.send_header("Content-Length", str(len(self.content) - start))
        request.end_headers()
        body = self.content[start:]
        if self.breaks:
            self.breaks -= 1
            body = body[: len(self.content) // 3]
        request.wfile.write(body)


@pytest.fixture
def publisher():
    """A server on this machine; `address` is what it publishes."""
    publisher = Publisher()

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


@pytest.fixture(autouse=True)
def no_folder(monkeypatch):
    monkeypatch.delenv("FER_EXP_ASSETS", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def plain(publisher) -> Asset:
    return Asset("net.bin", f"{publisher.address}/net.bin", len(CONTENT), sha256(CONTENT), "MIT")


def packed(publisher, kind: str) -> Asset:
    file = io.BytesIO()
    if kind == "tgz":
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            for name, content in (("package/model/net.bin", CONTENT), ("package/other.bin", b"x" * 99)):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("package/model/net.bin", CONTENT)
    publisher.content = file.getvalue()
    address = f"{publisher.address}/pack.{kind}"
    size, digest = len(publisher.content), sha256(publisher.content)
    return Asset("net.bin", address, size, digest, "MIT", "package/model/net.bin", sha256(CONTENT))


def kept(own_folders) -> list[str]:
    return sorted(file.name for file in (own_folders / "cache/assets").iterdir() if file.suffix != ".lock")


def test_a_file_is_fetched_once(publisher, own_folders):
    first, second = fetch(plain(publisher)), fetch(plain(publisher))
    assert first == second == own_folders / "cache/assets/net.bin"
    assert first.read_bytes() == CONTENT
    assert publisher.asked == [None] and kept(own_folders) == ["net.bin"]


@pytest.mark.parametrize("kind", ["tgz", "whl"])
def test_of_an_archive_only_the_file_is_kept(publisher, own_folders, kind):
    assert fetch(packed(publisher, kind)).read_bytes() == CONTENT
    assert kept(own_folders) == ["net.bin"]


def test_files_of_the_table_come_out_of_one_archive(publisher, own_folders, monkeypatch):
    net = packed(publisher, "tgz")
    other = Asset("o.bin", net.address, net.size, net.sha256, "MIT", "package/other.bin", sha256(b"x" * 99))
    monkeypatch.setattr(assets, "ASSETS", {"net.bin": net, "o.bin": other})
    fetch(net)
    fetch(other)
    assert publisher.asked == [None] and kept(own_folders) == ["net.bin", "o.bin"]


def test_a_broken_transfer_goes_on_where_it_broke(publisher):
    publisher.breaks = 2
    assert fetch(plain(publisher)).read_bytes() == CONTENT
    assert publisher.asked == [None, "bytes=65536-", "bytes=131072-"]


def test_a_later_call_goes_on_too(publisher, own_folders, monkeypatch):
    monkeypatch.setattr(assets, "ATTEMPTS", 1)
    publisher.breaks = 1
    with pytest.raises(UserError, match="broke off"):
        fetch(plain(publisher))
    assert kept(own_folders) == ["net.bin.part"]
    assert fetch(plain(publisher)).read_bytes() == CONTENT
    assert publisher.asked == [None, "bytes=65536-"] and kept(own_folders) == ["net.bin"]


def test_a_server_that_cannot_begin_in_the_middle_begins_anew(publisher):
    publisher.breaks, publisher.ranges = 1, False
    assert fetch(plain(publisher)).read_bytes() == CONTENT


@pytest.mark.parametrize("size", [1000, len(CONTENT), len(CONTENT) + 5])
def test_a_part_of_something_else_is_thrown_away(publisher, own_folders, size):
    (own_folders / "cache/assets").mkdir(parents=True)
    (own_folders / "cache/assets/net.bin.part").write_bytes(b"?" * size)
    assert fetch(plain(publisher)).read_bytes() == CONTENT
    assert kept(own_folders) == ["net.bin"]


def test_a_damaged_file_in_the_cache_is_fetched_again(publisher):
    fetch(plain(publisher)).write_bytes(b"damaged")
    assert fetch(plain(publisher)).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", b"<html>not here</html>"])
def test_other_content_is_refused(publisher, own_folders, content):
    publisher.content = content
    with pytest.raises(UserError, match=r"SHA-256|has 21 bytes"):
        fetch(plain(publisher))
    assert "net.bin" not in kept(own_folders)


def test_what_has_no_size_comes_whole_over_broken_transfers_or_not_at_all(publisher, tmp_path):
    publisher.breaks = 2
    assets.download(publisher.address, tmp_path / "kept" / "w.h5")
    assert (tmp_path / "kept" / "w.h5").read_bytes() == CONTENT
    publisher.breaks = 9
    with pytest.raises(requests.RequestException):
        assets.download(publisher.address, tmp_path / "kept" / "other.h5")
    assert [file.name for file in (tmp_path / "kept").iterdir()] == ["w.h5"]


@pytest.mark.parametrize("most", [len(CONTENT) - 1, 1000])
def test_what_has_no_size_may_not_have_any_size(publisher, tmp_path, most):
    with pytest.raises(requests.RequestException, match="it has more than"):
        assets.download(publisher.address, tmp_path / "w.h5", most)
    assert not list(tmp_path.glob("*w.h5"))
    assets.download(publisher.address, tmp_path / "w.h5", len(CONTENT))


def test_a_status_is_an_error(publisher):
    publisher.status = 404
    with pytest.raises(UserError, match="404"):
        fetch(plain(publisher))


def test_without_network_one_line_says_what_to_do(own_folders):
    asset = Asset("net.bin", "http://127.0.0.1:9/net.bin", 12_700_000, "0" * 64, "MIT")
    with pytest.raises(UserError) as error:
        fetch(asset)
    words = str(error.value)
    assert "\n" not in words
    for part in (asset.address, "12.7 MB", str(own_folders / "cache/assets"), "FER_EXP_ASSETS"):
        assert part in words


@pytest.mark.parametrize("below", ["", "model"])
def test_a_given_folder_comes_first(tmp_path, monkeypatch, below):
    file = tmp_path / "given" / below / "net.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    monkeypatch.setenv("FER_EXP_ASSETS", str(tmp_path / "given"))
    assert fetch(Asset("net.bin", "http://127.0.0.1:9/net.bin", 1, sha256(CONTENT), "MIT")) == file


def test_a_given_archive_will_do(publisher, tmp_path, monkeypatch, own_folders):
    asset = packed(publisher, "tgz")
    (tmp_path / "pack.tgz").write_bytes(publisher.content)
    monkeypatch.setenv("FER_EXP_ASSETS", str(tmp_path))
    assert fetch(asset).read_bytes() == CONTENT
    assert not publisher.asked and (tmp_path / "pack.tgz").is_file() and kept(own_folders) == ["net.bin"]


def test_a_given_file_with_other_content_is_named(tmp_path, monkeypatch):
    (tmp_path / "net.bin").write_bytes(b"?")
    monkeypatch.setenv("FER_EXP_ASSETS", str(tmp_path))
    with pytest.raises(UserError, match=r"net\.bin has the SHA-256"):
        fetch(Asset("net.bin", "http://127.0.0.1:9/net.bin", 1, sha256(CONTENT), "MIT"))


def test_the_table_is_complete():
    for name, asset in ASSETS.items():
        assert asset.name == name and asset.size > 0 and asset.licence
        assert asset.address.startswith("https://") and len(asset.sha256) == len(asset.digest) == 64
