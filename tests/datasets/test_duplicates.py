import numpy as np

from fer_exp.datasets.duplicates import find_duplicates

#                   0     1     2     3     4     5     6
DIGESTS = np.array([b"x", b"y", b"x", b"x", b"z", b"x", b"y"], "S32")
PARTS = {"training": np.array([0, 1, 2, 3]), "test": np.array([4, 5, 6])}


def test_copies_within_and_across_parts_are_counted():
    assert find_duplicates(DIGESTS, PARTS).counts() == {"training": 2, "test": 0, "test_in_training": 2}


def test_each_pair_of_three_parts_is_compared():
    parts = {"training": np.array([0]), "validation": np.array([2, 4]), "test": np.array([5, 1])}
    counts = find_duplicates(DIGESTS, parts).counts()
    assert {key: n for key, n in counts.items() if n} == {
        "validation_in_training": 1,
        "test_in_training": 1,
        "test_in_validation": 1,
    }


def test_examples_name_both_pictures():
    ids = np.array([f"{row}.jpg" for row in range(7)])
    lines = find_duplicates(DIGESTS, PARTS, ids).lines()
    assert lines == [
        "2 training pictures are copies of others there: 0.jpg = 2.jpg, 0.jpg = 3.jpg",
        "2 test pictures also occur in training: 0.jpg = 5.jpg, 1.jpg = 6.jpg",
    ]


def test_clean_parts_have_nothing_to_say():
    assert find_duplicates(DIGESTS, {"training": np.array([0, 1]), "test": np.array([4])}).lines() == []


def test_an_empty_part_is_no_leak():
    assert find_duplicates(DIGESTS, {"training": np.array([0, 1]), "test": np.array([], int)}).lines() == []
