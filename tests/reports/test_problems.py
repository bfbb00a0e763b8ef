"""Every kind of problem is found, named, and nothing else."""

from dataclasses import replace

import numpy as np
from conftest import make_faces

from fer_exp.datasets.faces import Exclusion
from fer_exp.datasets.twins import Twins
from fer_exp.reports.problems import find_problems, print_problems


def test_clean_faces_have_no_problem():
    assert find_problems(make_faces(size=48), Twins.none()).empty


def test_each_problem_is_found_on_its_face_and_on_no_other():
    faces = make_faces(size=48)
    sizes, landmarks, digests = faces.sizes.copy(), faces.landmarks.copy(), faces.digests.copy()
    sizes[3], sizes[4] = (20, 20), (100, 40)
    landmarks[5], landmarks[6] = np.nan, landmarks[6] + 200
    digests[[9, 61, 10]] = digests[[0, 1, 2]]  # angry = angry; a test face of class 1; happy = sad
    faces = replace(faces, sizes=sizes, landmarks=landmarks, digests=digests)
    faces = replace(faces, excluded=(Exclusion("train/x.jpg", "sad", "damaged picture"),))
    found = find_problems(faces, Twins.none())
    assert [(row.id, row.problem) for row in found.itertuples()] == [
        ("train/x.jpg", "cannot be used"),
        ("train/0003", "smaller than 24 pixels"),
        ("train/0004", "far from square"),
        ("train/0005", "no usable landmarks"),
        ("train/0006", "landmarks outside the picture"),
        ("train/0010", "same picture under another class"),
        ("test/0061", "same picture in another part"),
        ("train/0009", "same picture twice"),
    ]
    assert found["detail"].tolist()[-1] == "train/0000 (angry)"


def test_class_and_file_names_are_printed_as_text(capsys):
    faces = replace(make_faces(), classes=("[red]rich[", "[/x]", "happy"))
    faces = replace(faces, excluded=[Exclusion("train/[/x].jpg", "[/x]", "damaged picture: [/]")])
    print_problems(faces, find_problems(faces, Twins.none()))
    said = capsys.readouterr().out
    assert "[red]rich[" in said and "train/[/x].jpg: damaged picture: [/]" in said
