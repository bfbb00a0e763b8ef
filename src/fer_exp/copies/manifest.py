"""The list of a copy's pictures: where each came from, what covers it, what became of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_exp.copies.writer import PictureJob
from fer_exp.datasets.faces import EMPTY_CLASS, Faces
from fer_exp.errors import DataError
from fer_exp.occlusion.coverage import covered_share
from fer_exp.occlusion.placement import Placement
from fer_exp.system import atomic
from fer_exp.system.text import FORMULA

if TYPE_CHECKING:
    from fer_exp.config.commands import OccludeConfig

FILE = "occlusion_manifest.csv"
WRITTEN = "written"
COLUMNS = ("path", "source", "class", "part", "covered", "landmarks", "covered_share", "bar", "outcome")


def build(
    cfg: OccludeConfig, faces: Faces, placement: Placement | None, jobs: list[PictureJob], failed: dict[str, str]
) -> pd.DataFrame:
    """Return a row per picture of the copy, then one per picture that was left out.

    Columns: path (below the output), source, class, part, covered (yes, no), landmarks (own, or what
    occlusion.missing gave: typical, frame), covered_share (of the face, 0..1), bar (its polygons as JSON, pixels),
    outcome (written; failed: why; left out: why).
    """
    rows = np.array([job.row for job in jobs], int)
    covered = np.array([job.covered for job in jobs], bool)
    pictures = pd.DataFrame(
        {
            "path": [job.target for job in jobs],
            "source": faces.ids[rows].tolist(),
            "class": [faces.classes[label] for label in faces.labels[rows]],
            "part": faces.parts[rows].tolist(),
            "covered": np.where(covered, "yes", "no").tolist(),
            "landmarks": "",
            "covered_share": "",
            "bar": "",
            "outcome": [f"failed: {failed[job.target]}" if job.target in failed else WRITTEN for job in jobs],
        },
        dtype=object,  # names need not be valid Unicode
    )
    if placement is not None:
        pictures["landmarks"] = np.where(placement.usable[rows], "own", cfg.occlusion.missing.name)
        shares = np.full(len(faces), np.nan)
        if faces.landmarks is not None:
            shares = covered_share(faces.landmarks, placement.polygons)
        shown = np.where(covered, shares[rows], np.nan)
        pictures["covered_share"] = [f"{share:.4f}" if np.isfinite(share) else "" for share in shown]
        pictures["bar"] = [
            json.dumps(placement.polygons[job.row].round(2).tolist()) if job.covered else "" for job in jobs
        ]
    left_out = [(e.id, e.label or "", e.reason) for e in faces.excluded if not e.reason.startswith(EMPTY_CLASS)]
    if placement is not None:
        skipped = np.flatnonzero(~placement.keep)
        names = zip(faces.ids[skipped].tolist(), faces.labels[skipped], strict=True)
        left_out += [(name, faces.classes[label], "no usable landmarks") for name, label in names]
    others = pd.DataFrame(
        [(name, label, f"left out: {reason}") for name, label, reason in left_out],
        columns=["source", "class", "outcome"],
        dtype=object,
    )
    return pd.concat([pictures, others], ignore_index=True).fillna("")


def write(table: pd.DataFrame, output: Path) -> None:
    """Write the manifest into the copy's folder; no name in it is a formula to a spreadsheet (`FORMULA`).

    A path begins with ./ then, which names the same file, and other text with a '.
    """
    marks = {column: "./" if column in ("path", "source") else "'" for column in table.columns}
    safe = {
        column: [mark + text if FORMULA.match(text) else text for text in table[column]]
        for column, mark in marks.items()
    }
    # names need not be valid Unicode
    text = pd.DataFrame(safe, dtype=object).to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
    atomic.write(output / FILE, text.encode(errors="surrogateescape"))


def read(output: Path) -> pd.DataFrame | None:
    """Read the manifest from the copy's folder; None where it is missing, damaged, or lists pictures that failed."""
    try:
        with open(output / FILE, newline="", errors="surrogateescape") as file:
            table = pd.DataFrame(list(csv.DictReader(file)), columns=COLUMNS, dtype=object)
    except (OSError, ValueError, csv.Error):
        return None
    complete = len(table) and not table.isna().any(axis=None)
    return table if complete and not table["outcome"].str.startswith("failed").any() else None


def report(table: pd.DataFrame, output: Path) -> None:
    """Print how many pictures the copy has; raise DataError where some are missing from it."""
    missing = table[table["outcome"] != WRITTEN]
    written = len(table) - len(missing)
    print(f"{written} picture{'s' * (written != 1)} in {output}, listed in {FILE}")
    if len(missing):
        failed = missing["outcome"].str.startswith("failed").any()
        again = "; the same command tries again those that failed" if failed else ""
        first = "; ".join(f"{row.source}: {row.outcome}" for row in missing.head(3).itertuples())
        raise DataError(
            f"{len(missing)} {'picture is' if len(missing) == 1 else 'pictures are'} not in {output}: {first}"
            f"{'; ...' * (len(missing) > 3)}. All others are; {FILE} lists them{again}"
        )
