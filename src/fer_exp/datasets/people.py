"""Who is on a picture, and what else a table says of it (dataset.group_pattern, dataset.metadata)."""

from __future__ import annotations

import csv
import logging
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_exp.config.dataset import DatasetConfig
from fer_exp.datasets.faces import Faces, identity
from fer_exp.errors import DataError

log = logging.getLogger(__name__)

PATH = "path"  # the column of a metadata file that names the picture
SUBJECT = re.compile(r"([A-Za-z]*\d+)[_.-]")  # begins file names such as S001_012.png and 17-3.jpg
FEWEST = 5  # beginnings of names, each of some pictures, that look like people
PICTURES = 3  # of each, on average
ALIKE = 0.8  # share of the names that begin so
KEYS = "dataset.group_pattern=REGEX, or dataset.metadata=FILE.csv with dataset.group_column=NAME"


def add_metadata(faces: Faces, cfg: DatasetConfig) -> Faces:
    """Return the table with people (`groups`) and columns (`metadata`), where the configuration names their source.

    Raises:
        DataError: the pattern matches no path; the file cannot be read, lacks a column, names a picture twice, or names
            none of the pictures.
    """
    if cfg.metadata is not None:
        faces = _add_file(faces, Path(cfg.metadata).expanduser(), cfg.group_column)
    if cfg.group_pattern is not None:
        faces = replace(faces, groups=_match(faces, cfg.group_pattern))
    return faces


def _match(faces: Faces, pattern: str) -> np.ndarray:
    """Return the first group of the pattern in each path, (n,) str; "" where it does not match."""
    found = [re.search(pattern, identity(name)) for name in faces.ids.tolist()]
    groups = np.array([(match[1] or "") if match else "" for match in found])
    if not (groups != "").any():
        raise DataError(
            f"dataset.group_pattern={pattern} matches no path of {faces.name}, such as {faces.ids[0]}; its first group "
            "must name who is on the picture"
        )
    _warn_unknown(groups, faces, f"dataset.group_pattern={pattern} does not match")
    return groups


def _add_file(faces: Faces, file: Path, group_column: str | None) -> Faces:
    key = f"dataset.metadata={file}"
    try:
        reader = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines(), restval="")
        names, rows = list(reader.fieldnames or []), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{key}: cannot be read ({error}); give a csv file with the columns path and others") from error
    needed = [("dataset.metadata", PATH)] + ([("dataset.group_column", group_column)] if group_column else [])
    for asked, name in needed:
        if name not in names:
            raise DataError(f"{asked}: {file} has no column {name}; it has {', '.join(names) or 'none'}")
    counts = Counter(row[PATH] for row in rows)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise DataError(f"{key}: names {twice[0]} twice; a picture has one row")
    by_path = {row[PATH]: row for row in rows}
    found = [by_path.get(name) or by_path.get(identity(name)) for name in faces.ids.tolist()]
    if not any(found):
        raise DataError(
            f"{key}: none of its {len(rows)} paths is a picture of {faces.name}: it has {next(iter(counts), 'none')}, "
            f"the dataset {faces.ids[0]}"
        )
    if missing := sum(row is None for row in found):
        log.warning("warning: %s: %d of %d pictures have no row", key, missing, len(faces))
    known = set(faces.ids.tolist()) | set(faces.identities(np.arange(len(faces))).tolist())
    if unknown := [name for name in counts if name not in known]:
        log.warning("warning: %s: %d paths are no picture that is used, such as %s", key, len(unknown), unknown[0])
    columns = {
        name: np.array([row[name].strip() if row else "" for row in found])
        for name in names
        if name not in (PATH, group_column)
    }
    groups = faces.groups
    if group_column is not None:
        groups = np.array([row[group_column].strip() if row else "" for row in found])
        _warn_unknown(groups, faces, f"dataset.group_column={group_column} is empty for")
    return replace(faces, groups=groups, metadata=columns)


def _warn_unknown(groups: np.ndarray, faces: Faces, what: str) -> None:
    unknown = np.flatnonzero(groups == "")
    if len(unknown):
        log.warning(
            "warning: %s %d of %d pictures, such as %s: each counts as a person of its own",
            what,
            len(unknown),
            len(faces),
            faces.ids[unknown[0]],
        )


def people(faces: Faces, rows: np.ndarray) -> np.ndarray:
    """Return who is on the pictures of these rows, (m,) str; who is not known is a person of their own.

    Only for faces whose groups are known.
    """
    assert faces.groups is not None
    groups, own = faces.groups[rows], faces.identities(rows)
    return np.array([f"group {group}" if group else f"face {name}" for group, name in zip(groups, own, strict=True)])


def warn_of_people(faces: Faces) -> None:
    """Warn where file names look like person and frame and nothing says who is on a picture."""
    if faces.groups is not None or faces.root is None:
        return
    matches = [SUBJECT.match(identity(name).rpartition("/")[2]) for name in faces.ids.tolist()]
    counts = Counter(match[1] for match in matches if match)
    if len(counts) < FEWEST or counts.total() < ALIKE * len(faces) or counts.total() < PICTURES * len(counts):
        return
    name, count = counts.most_common(1)[0]
    log.warning(
        "warning: the file names of %s look like person and frame (%d begin with %s): the same people may be on both "
        "sides of the split. %s says who is on a picture, and split.by=group keeps people apart",
        faces.name,
        count,
        name,
        KEYS,
    )
