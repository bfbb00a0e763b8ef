"""Published files come whole or not at all, by address or in a package, and what went wrong is said in a few words."""

import os
import stat

import numpy as np
import pytest
from publishers import Clients, ask_directly, serving, sha256

from fer_exp.errors import UserError
from fer_exp.system import download as downloads
from fer_exp.system.download import download, run_client

CONTENT = np.random.default_rng(0).bytes(300_000)
PIP, NPM = "pip download --no-deps net==1.2", "npm pack @some/net@1.2"


@pytest.fixture
def publisher(monkeypatch):
    ask_directly(monkeypatch)
    with serving(CONTENT) as publisher:
        yield publisher


@pytest.fixture
def clients(tmp_path, monkeypatch):
    return Clients(tmp_path / "clients", monkeypatch)


@pytest.mark.parametrize("digest", [None, sha256(CONTENT)])
def test_a_file_is_fetched_once_into_a_folder_that_is_made(publisher, tmp_path, digest):
    for _ in range(2):
        download(f"{publisher.address}/net.bin", tmp_path / "kept/net.bin", digest)
    assert (tmp_path / "kept/net.bin").read_bytes() == CONTENT
    assert publisher.paths == ["/net.bin"] and os.listdir(tmp_path / "kept") == ["net.bin"]


def test_others_may_read_it_like_any_other_file(publisher, tmp_path):
    download(publisher.address, tmp_path / "net.bin")
    (tmp_path / "other").touch()
    assert stat.S_IMODE((tmp_path / "net.bin").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_a_damaged_file_is_fetched_again(publisher, tmp_path):
    (tmp_path / "net.bin").write_bytes(b"damaged")
    download(publisher.address, tmp_path / "net.bin", sha256(CONTENT))
    assert (tmp_path / "net.bin").read_bytes() == CONTENT


def test_a_transfer_that_breaks_off_is_begun_again(publisher, tmp_path):
    publisher.breaks = 2
    download(publisher.address, tmp_path / "net.bin")
    assert (tmp_path / "net.bin").read_bytes() == CONTENT


def test_one_that_always_breaks_off_leaves_nothing(publisher, tmp_path):
    publisher.breaks = 9
    with pytest.raises(UserError, match=r"^no connection, or it broke off$"):
        download(publisher.address, tmp_path / "kept/net.bin")
    assert not os.listdir(tmp_path / "kept")


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", b"<html>not here</html>"])
def test_other_content_is_refused(publisher, tmp_path, content):
    publisher.content = content
    with pytest.raises(UserError, match=f"SHA256.* {sha256(CONTENT)} but got {sha256(content)}"):
        download(publisher.address, tmp_path / "kept/net.bin", sha256(CONTENT))
    assert not os.listdir(tmp_path / "kept")


@pytest.mark.parametrize("sized", [True, False])
def test_a_file_may_not_have_any_size(publisher, tmp_path, monkeypatch, sized):
    publisher.sized = sized
    monkeypatch.setattr(downloads, "MOST", 100_000)
    with pytest.raises(UserError, match=r"it has more than 9\.31e-05 GiB"):
        download(publisher.address, tmp_path / "kept/net.bin")
    assert not os.listdir(tmp_path / "kept") and len(publisher.paths) == 1
    monkeypatch.setattr(downloads, "MOST", len(CONTENT))
    download(publisher.address, tmp_path / "kept/net.bin")


def test_a_status_is_an_error(publisher, tmp_path):
    publisher.status = 404
    with pytest.raises(UserError, match="404"):
        download(publisher.address, tmp_path / "net.bin")


def test_a_folder_that_cannot_be_written_to_is_named(publisher, tmp_path):
    (tmp_path / "kept").touch()
    with pytest.raises(UserError, match="kept"):
        download(publisher.address, tmp_path / "kept/net.bin")


def test_only_a_slow_transfer_is_shown(publisher, tmp_path, capsys, monkeypatch):
    download(publisher.address, tmp_path / "fast.bin")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(downloads, "DELAY", 0)
    download(f"{publisher.address}/net.bin", tmp_path / "slow.bin")
    assert "net.bin: " in capsys.readouterr().err


@pytest.mark.parametrize("command", [PIP, NPM])
def test_a_client_writes_the_archive_into_the_folder(clients, tmp_path, command):
    (clients.published / "net.tgz").write_bytes(CONTENT)
    (tmp_path / "folder").mkdir()
    run_client(command, tmp_path / "folder")
    assert (tmp_path / "folder/net.tgz").read_bytes() == CONTENT
    assert clients.calls[0].startswith(command.partition(" ")[2])


@pytest.mark.parametrize("command, reason", [(PIP, "a remark"), (NPM, "the reason")])
def test_a_client_that_fails_says_why_in_a_line(clients, tmp_path, command, reason):
    with pytest.raises(UserError, match=f"^{reason}$"):
        run_client(command, tmp_path)


def test_a_client_that_fails_without_a_word_is_an_error_too(clients, tmp_path):
    clients.install(message="")
    with pytest.raises(UserError, match=r"^exit status 1$"):
        run_client(NPM, tmp_path)


def test_a_missing_client_is_named(clients, tmp_path):
    (clients.folder / "npm").unlink()
    with pytest.raises(UserError, match=r"^npm is not installed$"):
        run_client(NPM, tmp_path)


def test_only_a_slow_client_is_shown(clients, tmp_path, capfd, monkeypatch):
    (clients.published / "net.tgz").write_bytes(CONTENT)
    run_client(PIP, tmp_path)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(downloads, "DELAY", 0)
    run_client(PIP, tmp_path)
    assert capfd.readouterr().err == f"waiting for: {PIP}\n"
