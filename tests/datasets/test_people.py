import csv
import logging
import os

import pytest
from trees import jpeg, put, read_folder

from fer_exp.datasets.people import people, warn_of_people
from fer_exp.errors import ConfigError, DataError

PEOPLE = ("S01", "S02", "S03", "S04", "S05")
PATTERN = r"/([^/_]+)_[^/]*$"


@pytest.fixture
def root(tmp_path):
    """Four pictures of each of five people, S01_0.jpg onwards, half of them in the test part."""
    for k, name in enumerate(PEOPLE):
        for i in range(4):
            part = "train" if i < 2 else "test"
            put(tmp_path / "faces" / part / "ab"[i % 2] / f"{name}_{i}.jpg", jpeg(10 * k + i))
    return tmp_path / "faces"


def table(path, rows, columns=("path", "person", "age")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return str(path)


def rows_of(root):
    paths = sorted(file.relative_to(root).as_posix() for file in root.rglob("*.jpg"))
    return [(path, path.split("/")[-1][:3], str(20 + i)) for i, path in enumerate(paths)]


def test_the_first_group_of_the_pattern_names_the_person(root):
    faces = read_folder(root, group_pattern=PATTERN)
    assert faces.groups.tolist() == [name.split("/")[-1][:3] for name in faces.ids]
    assert set(faces.take(faces.rows("test")).groups) == set(PEOPLE)


def test_a_table_names_people_and_brings_its_other_columns(root, tmp_path):
    file = table(tmp_path / "people.csv", rows_of(root))
    faces = read_folder(root, metadata=file, group_column="person")
    assert faces.groups.tolist() == [name.split("/")[-1][:3] for name in faces.ids]
    assert list(faces.metadata) == ["age"]
    ages = {path: age for path, _, age in rows_of(root)}
    assert faces.metadata["age"].tolist() == [ages[name] for name in faces.ids]
    assert faces.take(faces.rows("test")).metadata["age"].tolist() == [ages[name] for name in faces.ids[10:]]


def test_who_is_not_known_is_a_person_of_their_own_and_counted(root, caplog):
    put(root / "train/a/other.jpg", jpeg(99))
    put(root / "train/a/other_occ.jpg", jpeg(98))
    with caplog.at_level(logging.WARNING):
        faces = read_folder(root, group_pattern=r"/(S\d+)_")
    assert "does not say who is on 2 of 22 pictures, such as train/a/other.jpg" in caplog.text
    assert len(set(people(faces, faces.rows("train")))) == 6  # the covered copy shows the same person


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"group_pattern": "subject(.)"},
            r"dataset\.group_pattern=.* matches no path .* such as train/a/S01_0",
        ),
        ({"metadata": "nowhere.csv"}, r"dataset\.metadata=nowhere\.csv: cannot be read"),
        ({"metadata": "FILE", "group_column": "who"}, r"group_column: .* has no column who; it has path, person, age"),
    ],
)
def test_errors_name_key_file_and_remedy(root, tmp_path, keys, message):
    file = table(tmp_path / "people.csv", rows_of(root))
    with pytest.raises(DataError, match=message):
        read_folder(root, **{key: value.replace("FILE", file) for key, value in keys.items()})


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([("x.jpg", "S01", "20")], ("path", "person", "age"), "none of its 1 paths is a picture .* it has x.jpg"),
        ([], ("path", "person"), "none of its 0 paths"),
        ([("train/a/S01_0.jpg", "1")] * 2, ("path", "person"), "names train/a/S01_0.jpg twice"),
        ([("train/a/S01_0.jpg", "1")], ("file", "person"), "has no column path; it has file, person"),
    ],
    ids=["unknown paths", "empty", "twice", "no path"],
)
def test_a_table_that_does_not_fit_is_refused(root, tmp_path, rows, columns, message):
    with pytest.raises(DataError, match=message):
        read_folder(root, metadata=table(tmp_path / "people.csv", rows, columns), group_column="person")


def test_rows_without_pictures_and_pictures_without_rows_are_counted(root, tmp_path, caplog):
    file = table(tmp_path / "people.csv", [*rows_of(root)[:18], ("gone.jpg", "S09", "1")])
    with caplog.at_level(logging.WARNING):
        faces = read_folder(root, metadata=file, group_column="person")
    assert "2 of 20 pictures have no row" in caplog.text
    assert "1 paths are no picture that is used, such as gone.jpg" in caplog.text
    assert (faces.metadata["age"] == "").sum() == (faces.groups == "").sum() == 2


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"group_column": "person"}, r"dataset\.metadata=FILE\.csv"),
        ({"group_pattern": "(", "metadata": "x"}, "not a regular expression"),
        ({"group_pattern": "S.*"}, "needs a group in round brackets"),
        ({"group_pattern": "(S)", "group_column": "person", "metadata": "x"}, "give one"),
    ],
)
def test_impossible_keys_are_refused_before_anything_is_read(keys, message):
    with pytest.raises(ConfigError, match=message):
        read_folder("nowhere", **keys)


def test_names_like_person_and_frame_bring_a_warning_that_names_both_ways(root, caplog):
    with caplog.at_level(logging.WARNING):
        warn_of_people(read_folder(root))
    assert "(4 begin with S01)" in caplog.text and "split.by=group" in caplog.text
    assert "dataset.group_pattern=REGEX" in caplog.text and "dataset.group_column=NAME" in caplog.text


@pytest.mark.parametrize("name", ["Training_{}.jpg", "{}.jpg", "{}_aligned.jpg", "train_{:05d}_aligned.jpg"])
def test_names_of_single_pictures_bring_none(tmp_path, caplog, name):
    for part in ("train", "test"):
        for i in range(24):
            put(tmp_path / part / "ab"[i % 2] / name.format(i), jpeg(i))
    with caplog.at_level(logging.WARNING):
        warn_of_people(read_folder(tmp_path))
    assert caplog.text == ""


def test_where_people_are_known_there_is_nothing_to_warn_of(root, caplog):
    faces = read_folder(root, group_pattern=PATTERN)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        warn_of_people(faces)
    assert caplog.text == ""


def sides(faces):
    """Who is in the training part and in the test part, by the file names."""
    return [{name.split("/")[-1][:3] for name in faces.ids[faces.rows(part)]} for part in ("train", "test")]


def test_a_test_part_that_is_drawn_has_people_of_its_own(tmp_path):
    root = tmp_path / "faces"
    for k in range(20):
        for i in range(5):
            put(root / "ab"[(i + k) % 2] / f"S{k:02d}_{i}.jpg", jpeg(10 * k + i))
    train, test = sides(read_folder(root))
    assert train & test  # drawn by faces, as ever
    faces = read_folder(root, group_pattern=PATTERN)
    train, test = sides(faces)
    assert not train & test and len(test) == 4
    assert faces.counts(faces.rows("test")).tolist() == pytest.approx([10, 10], abs=1)
    assert sides(read_folder(root, group_pattern=PATTERN, test_seed=1)) != [train, test]


def test_a_table_that_names_other_people_draws_another_test_part(tmp_path):
    root = tmp_path / "faces"
    paths = [f"{'ab'[i % 2]}/{i}.jpg" for i in range(40)]
    for i, path in enumerate(paths):
        put(root / path, jpeg(i))
    parts = []
    for shift in (0, 1):
        rows = [(path, f"S{(i + shift) // 4}") for i, path in enumerate(paths)]
        file = table(tmp_path / "people.csv", rows, ("path", "person"))
        faces = read_folder(root, metadata=file, group_column="person")
        train, test = (set(faces.groups[faces.rows(part)]) for part in ("train", "test"))
        assert train and test and not train & test
        parts.append(set(faces.ids[faces.rows("test")]))
    assert parts[0] != parts[1]


def test_metadata_that_is_a_pipe_is_not_waited_for(root, tmp_path):
    os.mkfifo(tmp_path / "people.csv")
    with pytest.raises(DataError, match="not a file"):
        read_folder(root, metadata=str(tmp_path / "people.csv"))
