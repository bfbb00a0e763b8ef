"""What is wrong with a dataset's faces, as far as their table can tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from fer_exp.datasets.faces import Faces
from fer_exp.landmarks import geometry

SMALL = 24  # pixels; a face of fewer shows little
LONG = 2.0  # longer side by shorter side
SHOWN = 3  # examples of each problem on the terminal
FAR = 0.5  # of the picture, that the middle of the eyes lies beyond its edge


def problems(faces: Faces) -> pd.DataFrame:
    """A row per face and problem: id, part, class, problem, detail.

    Looked for: what the reader could not use; pictures that are small or long; faces without usable landmarks, or with
    landmarks far outside the picture; pictures that occur twice, in two parts, or under two classes.
    """
    found = [(e.id, "", e.label or "", "cannot be used", e.reason) for e in faces.excluded]
    small, long = faces.sizes.min(axis=1), faces.sizes.max(axis=1)
    found += _rows(faces, small < SMALL, f"smaller than {SMALL} pixels", lambda row: _size(faces, row))
    found += _rows(faces, long > LONG * small, "far from square", lambda row: _size(faces, row))
    if faces.landmarks is not None:
        usable = geometry.usable(faces.landmarks)
        found += _rows(faces, ~usable, "no usable landmarks", lambda row: "")
        place = (geometry.eye_centre(faces.landmarks) + 0.5) / faces.sizes[:, ::-1]
        with np.errstate(invalid="ignore"):
            outside = usable & ((place < -FAR) | (place > 1 + FAR)).any(axis=1)
        found += _rows(faces, outside, "landmarks outside the picture", lambda row: f"eyes at {place[row].round(2)}")
    found += _copies(faces)
    return pd.DataFrame(found, columns=["id", "part", "class", "problem", "detail"])


def _rows(faces: Faces, which: np.ndarray, problem: str, detail) -> list[tuple[str, ...]]:
    return [
        (str(faces.ids[row]), str(faces.parts[row]), faces.classes[faces.labels[row]], problem, detail(row))
        for row in np.flatnonzero(which)
    ]


def _size(faces: Faces, row: int) -> str:
    return "x".join(map(str, faces.sizes[row, ::-1]))


def _copies(faces: Faces) -> list[tuple[str, ...]]:
    """Pictures that are equal, byte by byte, to an earlier one; the worst that can be said of each."""
    _, first, inverse = np.unique(faces.digests, return_index=True, return_inverse=True)
    same = first[inverse]
    copy = same != np.arange(len(faces))
    part, label = faces.parts != faces.parts[same], faces.labels != faces.labels[same]
    other = lambda row: f"{faces.ids[same[row]]} ({faces.classes[faces.labels[same[row]]]})"  # noqa: E731
    found = _rows(faces, copy & label, "same picture under another class", other)
    found += _rows(faces, copy & part & ~label, "same picture in another part", other)
    return found + _rows(faces, copy & ~part & ~label, "same picture twice", other)


def say(faces: Faces, found: pd.DataFrame) -> None:
    """Counts of faces and of problems on the terminal, with examples."""
    counts = Table(title=f"{faces.name}: {len(faces)} faces that can be used", title_justify="left")
    for name in ("class", "train", "test"):
        counts.add_column(name, no_wrap=True, justify="left" if name == "class" else "right")
    per_part = [faces.counts(faces.rows(part)) for part in ("train", "test")]
    for name, *numbers in zip(faces.classes, *per_part, strict=True):
        counts.add_row(name, *(str(n) if n else "[red]0[/red]" for n in numbers))
    console = Console(width=max(112, Console().width))
    console.print(counts)
    sizes = np.sort(faces.sizes.min(axis=1))
    landmarks = "none" if faces.landmarks is None else f"{geometry.usable(faces.landmarks).sum()} of {len(faces)}"
    print(f"shorter side {sizes[0]} to {sizes[-1]} pixels, median {sizes[len(sizes) // 2]}; landmarks: {landmarks}")
    if not len(found):
        print("no problem found")
        return
    shown = Table(title="problems", title_justify="left")
    for name in ("problem", "faces", "such as"):
        shown.add_column(name, justify="right" if name == "faces" else "left")
    for problem, rows in found.groupby("problem", sort=False):
        examples = "; ".join(f"{r.id}: {r.detail}".removesuffix(": ") for r in rows.head(SHOWN).itertuples())
        shown.add_row(problem, str(len(rows)), examples)
    console.print(shown)
