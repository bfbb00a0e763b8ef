"""What is wrong with the faces of a dataset, as far as their table shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from rich.table import Table
from rich.text import Text

from fer_exp.datasets.faces import Faces
from fer_exp.datasets.twins import IN_TEST, Twins
from fer_exp.landmarks import geometry
from fer_exp.reports.tables import print_table

SMALL = 24  # pixels; a smaller face shows little
LONG = 2.0  # longer side by shorter side
SHOWN = 3  # examples of each problem on the terminal
FAR = 0.5  # parts of the picture by which the middle of the eyes lies beyond its edge


def find_problems(faces: Faces, twins: Twins) -> pd.DataFrame:
    """Return a row per face and problem: id, part, class, problem, detail.

    The problems: what the reader could not use, or left out as asked; pictures that are small or long; faces without
    usable landmarks, or with landmarks far outside the picture; pictures that occur twice, in two parts, or under two
    classes; test pictures that are nearly training pictures.

    Args:
        faces: the table.
        twins: pairs of its training and test faces (fer_exp.datasets.twins.find_twins).
    """
    rows: list[tuple[str, ...]] = [
        (e.id, "", e.label or "", "left out" if e.reason.startswith(IN_TEST) else "cannot be used", e.reason)
        for e in faces.excluded
    ]
    small, long = faces.sizes.min(axis=1), faces.sizes.max(axis=1)
    rows += _problem_rows(faces, small < SMALL, f"smaller than {SMALL} pixels", lambda row: _size(faces, row))
    rows += _problem_rows(faces, long > LONG * small, "far from square", lambda row: _size(faces, row))
    if faces.landmarks is not None:
        usable = geometry.usable(faces.landmarks)
        rows += _problem_rows(faces, ~usable, "no usable landmarks", lambda row: "")
        eyes = (geometry.eye_centre(faces.landmarks) + 0.5) / faces.sizes[:, ::-1]
        with np.errstate(invalid="ignore"):
            outside = usable & ((eyes < -FAR) | (eyes > 1 + FAR)).any(axis=1)
        where = lambda row: f"eyes at {eyes[row].round(2)}"  # noqa: E731
        rows += _problem_rows(faces, outside, "landmarks outside the picture", where)
    rows += _duplicates(faces) + _near_duplicates(faces, twins)
    return pd.DataFrame(rows, columns=["id", "part", "class", "problem", "detail"])


def _problem_rows(
    faces: Faces, has_problem: np.ndarray, problem: str, detail: Callable[[int], str]
) -> list[tuple[str, ...]]:
    """Return a row for each face that has the problem, (n,) bool; `detail` says more of it."""
    return [
        (str(faces.ids[row]), str(faces.parts[row]), faces.classes[faces.labels[row]], problem, detail(row))
        for row in np.flatnonzero(has_problem).tolist()
    ]


def _size(faces: Faces, row: int) -> str:
    return "x".join(map(str, faces.sizes[row, ::-1]))


def _duplicates(faces: Faces) -> list[tuple[str, ...]]:
    """Return a row for each picture that equals an earlier one, byte by byte, with the worst that holds for it."""
    _, first, inverse = np.unique(faces.digests, return_index=True, return_inverse=True)
    original = first[inverse]
    repeated = original != np.arange(len(faces))
    other_part, other_class = faces.parts != faces.parts[original], faces.labels != faces.labels[original]
    name = lambda row: f"{faces.ids[original[row]]} ({faces.classes[faces.labels[original[row]]]})"  # noqa: E731
    rows = _problem_rows(faces, repeated & other_class, "same picture under another class", name)
    rows += _problem_rows(faces, repeated & other_part & ~other_class, "same picture in another part", name)
    return rows + _problem_rows(faces, repeated & ~other_part & ~other_class, "same picture twice", name)


def _near_duplicates(faces: Faces, twins: Twins) -> list[tuple[str, ...]]:
    """Return a row for each test picture that is nearly a training picture, with the one that is most alike."""
    near = twins.near()
    near = near.take(np.lexsort((-near.correlation, near.test)))
    nearest = near.take(np.unique(near.test, return_index=True)[1])
    original = dict(zip(nearest.test.tolist(), nearest.train.tolist(), strict=True))
    found, other_class = np.zeros((2, len(faces)), bool)
    found[nearest.test] = True
    other_class[nearest.test] = faces.labels[nearest.test] != faces.labels[nearest.train]
    name = lambda row: f"{faces.ids[original[row]]} ({faces.classes[faces.labels[original[row]]]})"  # noqa: E731
    rows = _problem_rows(faces, found & other_class, "nearly the same picture in training, under another class", name)
    return rows + _problem_rows(faces, found & ~other_class, "nearly the same picture in training", name)


def print_problems(faces: Faces, problems: pd.DataFrame) -> None:
    """Print counts of faces and of problems, with examples."""
    counts = Table(title=f"{faces.name}: {len(faces)} faces that can be used")
    for name in ("class", "train", "test"):
        counts.add_column(name, no_wrap=True, justify="left" if name == "class" else "right")
    per_part = [faces.counts(faces.rows(part)) for part in ("train", "test")]
    for name, *numbers in zip(faces.classes, *per_part, strict=True):
        counts.add_row(name, *(str(n) if n else Text("0", "red") for n in numbers))
    print_table(counts, wrap=True)
    sizes = np.sort(faces.sizes.min(axis=1))
    landmarks = "none" if faces.landmarks is None else f"{geometry.usable(faces.landmarks).sum()} of {len(faces)}"
    print(f"shorter side {sizes[0]} to {sizes[-1]} pixels, median {sizes[len(sizes) // 2]}; landmarks: {landmarks}")
    if not len(problems):
        print("no problem found")
        return
    shown = Table(title="problems")
    for name in ("problem", "faces", "such as"):
        shown.add_column(name, justify="right" if name == "faces" else "left")
    for problem, rows in problems.groupby("problem", sort=False):
        examples = "; ".join(f"{r.id}: {r.detail}".removesuffix(": ") for r in rows.head(SHOWN).itertuples())
        shown.add_row(problem, str(len(rows)), examples)
    print_table(shown, wrap=True)
