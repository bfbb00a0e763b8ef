"""The list of a copy's pictures: where each came from, what it wears, what became of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_exp.copies.writer import Job
from fer_exp.datasets.faces import EMPTY_CLASS, Faces
from fer_exp.errors import DataError
from fer_exp.occlusion.coverage import covered_share
from fer_exp.occlusion.placement import Cover
from fer_exp.system import atomic as whole

if TYPE_CHECKING:
    from fer_exp.config.commands import OccludeConfig

FILE = "occlusion_manifest.csv"
WRITTEN = "written"
COLUMNS = ("path", "source", "class", "part", "covered", "landmarks", "covered_share", "bar", "outcome")


def table(
    cfg: OccludeConfig, faces: Faces, placed: Cover | None, jobs: list[Job], failed: dict[str, str]
) -> pd.DataFrame:
    """A row per picture of the copy, then one per picture that was left out.

    Columns: path (below the output), source, class, part, covered (yes, no), landmarks (own, or what
    occlusion.missing gave: typical, frame), covered_share (of the face, 0..1), bar (its polygons as JSON, pixels),
    outcome (written; failed: why; left out: why).
    """
    rows = np.array([job.row for job in jobs], int)
    covered = np.array([job.covered for job in jobs], bool)
    found = pd.DataFrame(
        {
            "path": [job.target for job in jobs],
            "source": faces.ids[rows].tolist(),
            "class": [faces.classes[label] for label in faces.labels[rows]],
            "part": faces.parts[rows].tolist(),
            "covered": np.where(covered, "yes", "no").tolist(),
            "landmarks": "",
            "covered_share": "",
            "bar": "",
            "outcome": [f"failed: {failed[j.target]}" if j.target in failed else WRITTEN for j in jobs],
        },
        dtype=object,  # names need not be valid Unicode
    )
    if placed is not None:
        found["landmarks"] = np.where(placed.usable[rows], "own", cfg.occlusion.missing.name)
        shares = np.full(len(faces), np.nan)
        if faces.landmarks is not None:
            shares = covered_share(faces.landmarks, placed.polygons)
        worn = [(shares[r], placed.polygons[r]) if c else None for r, c in zip(rows, covered, strict=True)]
        found["covered_share"] = [f"{one[0]:.4f}" if one and np.isfinite(one[0]) else "" for one in worn]
        found["bar"] = [json.dumps(one[1].round(2).tolist()) if one else "" for one in worn]
    out = [(e.id, e.label or "", e.reason) for e in faces.excluded if not e.reason.startswith(EMPTY_CLASS)]
    if placed is not None:
        lost = np.flatnonzero(~placed.keep)
        names = zip(faces.ids[lost].tolist(), faces.labels[lost], strict=True)
        out += [(name, faces.classes[label], "no usable landmarks") for name, label in names]
    rest = pd.DataFrame(
        [(name, label, f"left out: {reason}") for name, label, reason in out],
        columns=["source", "class", "outcome"],
        dtype=object,
    )
    return pd.concat([found, rest], ignore_index=True).fillna("")


def write(found: pd.DataFrame, output: Path) -> None:
    """Into the copy's folder."""
    text = found.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
    whole.write(output / FILE, text.encode(errors="surrogateescape"))


def read(output: Path) -> pd.DataFrame | None:
    """From the copy's folder; None where it is not there, damaged, or lists pictures that failed."""
    try:
        with open(output / FILE, newline="", errors="surrogateescape") as file:
            found = pd.DataFrame(list(csv.DictReader(file)), columns=COLUMNS, dtype=object)
    except (OSError, ValueError, csv.Error):
        return None
    whole_rows = len(found) and not found.isna().any(axis=None)
    return found if whole_rows and not found["outcome"].str.startswith("failed").any() else None


def judge(found: pd.DataFrame, output: Path) -> None:
    """Say how many pictures the copy has; raise DataError where some are missing in it."""
    lost = found[found["outcome"] != WRITTEN]
    print(f"{len(found) - len(lost)} pictures in {output}, listed in {FILE}")
    if len(lost):
        failed = lost["outcome"].str.startswith("failed").any()
        again = "; the same command tries those that failed again" if failed else ""
        first = "; ".join(f"{row.source}: {row.outcome}" for row in lost.head(3).itertuples())
        raise DataError(
            f"{len(lost)} pictures are not in {output}: {first}{'; ...' * (len(lost) > 3)}. All others are; {FILE} "
            f"lists them{again}"
        )
