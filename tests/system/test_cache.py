import os
import threading

import pytest

from fer_exp.errors import DataError
from fer_exp.system import cache
from fer_exp.system.cache import cache_dir, cached, entry_dir


def read(folder):
    text = (folder / "value").read_text()
    return int(text)


def write(folder, value):
    (folder / "value").write_text(str(value))


def never():
    raise AssertionError("built again")


def test_the_environment_names_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_EXP_CACHE", str(tmp_path / "new" / "folder"))
    assert cache_dir() == tmp_path / "new" / "folder"
    assert cache_dir().is_dir()


def test_a_cache_folder_that_cannot_be_made_names_the_variable(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FER_EXP_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="FER_EXP_CACHE"):
        cache_dir()


def test_another_key_is_another_entry():
    assert entry_dir("x", {"a": 1}) == entry_dir("x", {"a": 1})
    assert entry_dir("x", {"a": 1}) != entry_dir("x", {"a": 2})


def test_what_was_built_is_read_back():
    entry = entry_dir("x", {})
    assert cached(entry, read, lambda: 7, write) == 7
    assert cached(entry, read, never, write) == 7


def test_a_damaged_entry_is_built_again():
    entry = entry_dir("x", {})
    cached(entry, read, lambda: 7, write)
    (entry / "value").write_text("no number")
    assert cached(entry, read, lambda: 8, write) == 8


@pytest.mark.parametrize("name", ["value", "crc32.txt"])
def test_any_changed_byte_of_an_entry_is_noticed(name):
    entry = entry_dir("x", {})
    cached(entry, read, lambda: 12345, write)
    for at in range((entry / name).stat().st_size):
        data = bytearray((entry / name).read_bytes())
        data[at] ^= 1
        (entry / name).write_bytes(data)
        assert cached(entry, read, lambda: 12345, write) == 12345
    assert cached(entry, read, never, write) == 12345


@pytest.mark.parametrize("change", [lambda entry: (entry / "crc32.txt").unlink(), lambda entry: put(entry / "more")])
def test_files_that_are_missing_or_new_in_an_entry_are_noticed(change):
    entry = entry_dir("x", {})
    cached(entry, read, lambda: 7, write)
    change(entry)
    assert cached(entry, read, lambda: 8, write) == 8


def test_of_a_large_file_both_ends_are_verified(monkeypatch):
    monkeypatch.setattr(cache, "LARGE", 1000)
    monkeypatch.setattr(cache, "BLOCK", 100)
    entry = entry_dir("x", {})
    build = lambda: 10**1500 + 5  # noqa: E731
    cached(entry, read, build, write)
    size = (entry / "value").stat().st_size
    for at, noticed in ((0, True), (size - 1, True), (500, False)):
        before = (entry / "value").read_bytes()
        (entry / "value").write_bytes(before[:at] + b"7" + before[at + 1 :])
        assert (cached(entry, read, build, write) == build()) is noticed


def put(path):
    path.write_bytes(b"")


def test_a_build_that_fails_leaves_nothing_behind():
    entry = entry_dir("x", {})
    with pytest.raises(AssertionError):
        cached(entry, read, never, write)
    assert [path for path in entry.parent.iterdir() if path.is_dir()] == []


def test_a_full_disk_is_a_message_that_names_the_remedy_and_leaves_nothing_behind():
    entry = entry_dir("x", {})

    def full(folder, value):
        write(folder, value)
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match=r"No space left on device.*FER_EXP_CACHE"):
        cached(entry, read, lambda: 7, full)
    assert [path for path in entry.parent.iterdir() if path.is_dir()] == []


def test_an_error_of_the_source_is_not_taken_for_one_of_the_cache():
    def build():
        raise FileNotFoundError("picture")

    with pytest.raises(FileNotFoundError, match="picture"):
        cached(entry_dir("x", {}), read, build, write)


def test_two_at_once_build_once():
    entry, built, gate = entry_dir("x", {}), [], threading.Barrier(2)

    def build():
        built.append(os.getpid())
        return 7

    def ask():
        gate.wait()
        cached(entry, read, build, write)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
