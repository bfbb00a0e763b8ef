import os

import numpy as np
import pytest
from trees import class_tree, csv_pixels, fer_csv

from fer_exp.config.dataset import Fer2013Config, OnBad
from fer_exp.datasets import load
from fer_exp.datasets.fer2013 import CODES
from fer_exp.errors import ConfigError, DataError

CLASSES = sorted(CODES)


def read(root, classes=CLASSES, **keys):
    return load(Fer2013Config(name="fer2013", root=str(root), classes=classes, **keys), size=48, workers=1)


def rows(*more):
    """A face of each class in each part; row 0 to 6 Training, 7 to 13 PublicTest, 14 to 20 PrivateTest."""
    usages = ("Training", "PublicTest", "PrivateTest")
    found = [(code, csv_pixels(10 * i + code), usage) for i, usage in enumerate(usages) for code in range(7)]
    return found + list(more)


def test_folders_are_labelled_in_alphabetical_order(tmp_path):
    class_tree(tmp_path / "faces", {f"{part}/{name}": 1 for part in ("train", "test") for name in CLASSES})
    faces = read(tmp_path / "faces")
    assert faces.classes == ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    assert faces.labels[faces.ids == "train/sad/0.jpg"].tolist() == [5]


def test_the_same_file_name_in_two_classes_is_two_faces(tmp_path):
    class_tree(tmp_path / "faces", {f"{part}/{name}": 1 for part in ("train", "test") for name in CLASSES})
    assert len(set(read(tmp_path / "faces").ids)) == 14


def test_folders_without_a_test_part_are_refused_with_a_way_out(tmp_path):
    class_tree(tmp_path / "faces", {f"train/{name}": 1 for name in CLASSES})
    with pytest.raises(DataError, match=r"test, validation, val.*dataset=image_folder"):
        read(tmp_path / "faces")


def test_two_test_folders_must_be_chosen_from(tmp_path):
    class_tree(
        tmp_path / "faces", {f"{part}/{name}": 1 for part in ("train", "test", "validation") for name in CLASSES}
    )
    with pytest.raises(DataError, match=r"dataset\.test=test or dataset\.test=validation"):
        read(tmp_path / "faces")
    assert read(tmp_path / "faces", test="validation").ids[-1] == "validation/surprise/0.jpg"


@pytest.mark.parametrize("as_file", [True, False])
def test_csv_codes_are_mapped_by_name(tmp_path, as_file):
    path = fer_csv(tmp_path / "faces/fer2013.csv", rows())
    faces = read(path if as_file else path.parent)
    assert [faces.classes[label] for label in faces.labels[:7]] == list(CODES)
    assert faces.ids[:7].tolist() == [f"Training/{row}" for row in range(7)]


def test_csv_pictures_are_the_pixels_row_by_row(tmp_path):
    faces = read(fer_csv(tmp_path / "faces/fer2013.csv", rows()))
    assert faces.root is None
    assert faces.pixels.shape == (14, 48, 48, 1)
    assert faces.pixels.dtype == np.uint8
    for row, expected in ((0, csv_pixels(0)), (13, csv_pixels(26))):
        assert " ".join(map(str, faces.pixels[row].ravel())) == expected


def test_csv_pictures_are_mapped_not_loaded(tmp_path):
    faces = read(fer_csv(tmp_path / "faces/fer2013.csv", rows()))
    assert isinstance(faces.pixels, np.memmap)
    assert not faces.pixels.flags.writeable


def test_the_csv_is_tested_on_the_private_test_unless_told_otherwise(tmp_path):
    path = fer_csv(tmp_path / "faces/fer2013.csv", rows())
    faces = read(path)
    assert faces.ids[faces.rows("test")].tolist() == [f"PrivateTest/{row}" for row in range(14, 21)]
    faces = read(path, test="PublicTest")
    assert faces.ids[faces.rows("test")].tolist() == [f"PublicTest/{row}" for row in range(7, 14)]


def test_a_csv_part_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"dataset\.test=test.*PrivateTest and PublicTest"):
        read(fer_csv(tmp_path / "faces/fer2013.csv", rows()), test="test")


def test_blanks_in_the_header_are_ignored(tmp_path):
    swapped = [(emotion, usage, pixels) for emotion, pixels, usage in rows()]
    assert len(read(fer_csv(tmp_path / "faces/icml_face_data.csv", swapped, ("emotion", " Usage", " pixels")))) == 14


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((3, csv_pixels(0, 2303), "Training"), "2303 pixels"),
        ((3, csv_pixels(0, 2303) + " 256", "Training"), "outside 0 to 255"),
        ((3, csv_pixels(0, 2303) + " -1", "Training"), "outside 0 to 255"),
        ((3, csv_pixels(0, 2303) + " x", "Training"), "2303 pixels|not numbers"),
        ((3, "", "Training"), "pixels"),
        ((7, csv_pixels(0), "Training"), "emotion '7'"),
        (("", csv_pixels(0), "Training"), "emotion ''"),
    ],
)
def test_a_bad_row_is_named_and_can_be_skipped(tmp_path, row, reason):
    path = fer_csv(tmp_path / "faces/fer2013.csv", rows(row))
    with pytest.raises(DataError, match=rf"Training/21: .*({reason})"):
        read(path)
    faces = read(path, on_bad=OnBad.skip)
    assert [e.id for e in faces.excluded] == ["Training/21"]
    assert len(faces) == 14


def test_faces_of_a_class_left_out_are_exclusions(tmp_path):
    path = fer_csv(tmp_path / "faces/fer2013.csv", rows())
    faces = read(path, classes=["sad", "happy"], on_bad=OnBad.skip)
    assert faces.labels.tolist() == [1, 0, 1, 0]
    assert len(faces.excluded) == 10


def test_a_class_that_the_csv_does_not_know_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="happiness"):
        read(fer_csv(tmp_path / "faces/fer2013.csv", rows()), classes=["happiness", "sad"])


def test_a_csv_of_something_else_says_which_columns_it_lacks(tmp_path):
    with pytest.raises(DataError, match="emotion, pixels, Usage; Usage is not among emotion, pixels"):
        read(fer_csv(tmp_path / "faces/train.csv", [(0, "1")], ("emotion", "pixels")))


def test_a_folder_that_is_no_fer2013_says_what_is_expected_and_what_is_there(tmp_path):
    (tmp_path / "faces/angry").mkdir(parents=True)
    with pytest.raises(DataError, match=r"expected train/<class>.*fer2013\.csv; found angry/"):
        read(tmp_path / "faces")


def test_a_csv_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fer2013.csv")
    for root in (tmp_path, tmp_path / "fer2013.csv"):
        with pytest.raises(DataError, match=r"fer2013\.csv is (not a file|a file where a folder is expected)"):
            read(root)


@pytest.mark.parametrize(
    "row, reason",
    [
        ((0, csv_pixels(0).replace(" ", " 4294967303 ", 1).rsplit(" ", 1)[0], "Training"), "pixels outside 0 to 255"),
        ((0, csv_pixels(0), "Trainin"), "Usage 'Trainin' is none of Training, PrivateTest, PublicTest"),
        ((0, csv_pixels(0), ""), "Usage '' is none of"),
        (("9" * 5000, csv_pixels(0), "Training"), "has no class"),
    ],
    ids=["pixel", "usage", "no usage", "digits"],
)
def test_a_row_that_cannot_be_used_is_counted(tmp_path, row, reason):
    with pytest.raises(DataError, match=f"1 face or class .*{reason}"):
        read(fer_csv(tmp_path / "faces/fer2013.csv", rows(row)))


def test_lines_that_a_stray_quotation_mark_runs_together_are_counted(tmp_path):
    path = fer_csv(tmp_path / "faces/fer2013.csv", rows())
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace(",", ',"', 1)
    lines[5] = lines[5].replace(",", '",', 2).replace('",', ",", 1)
    path.write_text("\n".join(lines) + "\n")
    faces = read(path, on_bad=OnBad.skip)
    (found,) = [e for e in faces.excluded if "lines" in e.reason]
    assert (found.id, found.reason) == ("row 1", "4 lines run together by a stray quotation mark")
