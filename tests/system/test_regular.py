import os

import pytest

from fer_exp.system.regular import read_bytes


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_the_content_is_read_whole(tmp_path, size):
    (tmp_path / "x").write_bytes(bytes(range(250)) * (size // 250 + 1))
    os.truncate(tmp_path / "x", size)
    assert read_bytes(tmp_path / "x") == (tmp_path / "x").read_bytes()
    assert len(read_bytes(str(tmp_path / "x"))) == size


def test_a_read_that_is_cut_short_is_gone_on_with(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(b"abcdefgh")
    plain = os.read
    monkeypatch.setattr("fer_exp.system.regular.os.read", lambda file, n: plain(file, min(n, 3)))
    assert read_bytes(tmp_path / "x") == b"abcdefgh"


def test_pipes_devices_and_folders_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "endless", tmp_path):
        with pytest.raises(OSError, match="it is a pipe, a device or a folder, not a file"):
            read_bytes(path)


def test_what_no_memory_holds_is_refused(tmp_path):
    with (tmp_path / "x").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match="it has 1048576 MiB, more than the 256 that are allowed"):
        read_bytes(tmp_path / "x")
