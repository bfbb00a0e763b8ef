import os

import pytest

from fer_exp.system import atomic


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_by_what_is_written(folder):
    for content in (b"old", b"new"):
        atomic.write(folder / "a.txt", content)
    assert (folder / "a.txt").read_bytes() == b"new"
    assert names(folder) == ["a.txt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(folder, error):
    atomic.write(folder / "a.txt", b"old")
    with pytest.raises(type(error)), atomic.replacing(folder / "a.txt") as part:
        part.write_bytes(b"ne")
        raise error
    assert (folder / "a.txt").read_bytes() == b"old"
    assert names(folder) == ["a.txt"]


def test_a_temporary_name_is_hidden_and_has_no_ending_but_the_one_asked_for(folder):
    for name, suffix in (("x" * 240 + ".keras", ".keras"), ("1_exp.npy", ""), ("face.jpg", "")):
        with atomic.replacing(folder / name, suffix) as part:
            part.touch()
            assert part.name.startswith(atomic.PART) and part.suffix == suffix
            assert not part.name.endswith(("_exp.npy", ".jpg"))
        assert name in names(folder)


def test_a_folder_is_moved_into_place_or_removed(folder):
    with atomic.temporary(folder) as part:
        part.mkdir()
        (part / "a").touch()
        os.replace(part, folder / "made")
    with pytest.raises(ZeroDivisionError), atomic.temporary(folder) as part:
        part.mkdir()
        (part / "a").touch()
        raise ZeroDivisionError
    assert names(folder) == ["made"]


def test_a_link_takes_the_place_of_what_is_there_even_of_a_link_to_the_same_file(folder):
    (folder / "a").write_bytes(b"a")
    (folder / "b").write_bytes(b"b")
    for _ in range(2):
        assert atomic.link(folder / "a", folder / "b")
    assert (folder / "b").samefile(folder / "a")
    assert names(folder) == ["a", "b"]
