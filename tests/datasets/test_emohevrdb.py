import numpy as np
import pytest
from configs import configured
from trees import jpeg, put

from fer_exp.config.training import SplitBy
from fer_exp.datasets import load
from fer_exp.datasets.emohevrdb import CLASSES
from fer_exp.errors import DataError
from fer_exp.inputs.split import draw_split

SETS = {"training_set": (0, (1, 2, 3)), "validation_set": (1, (4,)), "test_set": (2, (5, 6))}


@pytest.fixture
def root(tmp_path):
    """Two cameras of each person in each class, named as the authors name them."""
    for folder, (of_set, people) in SETS.items():
        for code, name in enumerate(CLASSES):
            for person in people:
                for camera in (0, 1):
                    file = f"16900{person}{code}-{of_set}-{person}-1-{code}-{code}-{camera}.jpg"
                    put(tmp_path / "db" / folder / name / file, jpeg(100 * person + 10 * code + camera, 32))
    return tmp_path / "db"


def read(root, *words):
    cfg = configured("dataset=emohevrdb", f"dataset.root={root}", *words).dataset
    return load(cfg, size=32, workers=1)


def test_its_three_sets_are_training_validation_and_test(root):
    faces = read(root)
    assert faces.classes == CLASSES and faces.headset
    assert len(faces.rows("train")) == 7 * 2 * 4 and len(faces.rows("test")) == 7 * 2 * 2
    assert set(faces.groups[faces.rows("test")]) == {"5", "6"}
    for by in SplitBy:
        split = draw_split(faces, faces.rows("train"), "normal", 0.5, by, 3)
        assert {name.split("/")[0] for name in faces.ids[split.validation.rows]} == {"validation_set"}
        assert {name.split("/")[0] for name in faces.ids[split.train.rows]} == {"training_set"}
        assert set(faces.groups[split.validation.rows]) == {"4"}


def test_short_names_of_the_sets_will_do(root):
    for old, new in (("training_set", "train"), ("validation_set", "val"), ("test_set", "test")):
        (root / old).rename(root / new)
    faces = read(root)
    assert faces.validation.sum() == 14 and not faces.validation[faces.rows("test")].any()


def test_a_part_of_the_rows_keeps_which_are_for_validation(root):
    faces = read(root, "dataset.limit=14")
    assert len(faces.validation) == len(faces)
    assert np.array_equal(faces.validation, np.char.startswith(faces.ids, "validation_set/"))


def test_another_layout_is_refused_and_the_folders_named(root):
    (root / "validation_set").rename(root / "other")
    with pytest.raises(DataError, match=r"expected a folder validation_set or val or validation, found .*other/"):
        read(root)
