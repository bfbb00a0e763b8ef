"""Who is on a picture, and what else a table says of it (dataset.group_pattern, dataset.metadata)."""

from __future__ import annotations

import csv
import logging
import re
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_exp.config.dataset import DatasetConfig
from fer_exp.datasets.faces import Faces, identity
from fer_exp.errors import DataError
from fer_exp.system.regular import read_bytes

log = logging.getLogger(__name__)

PATH = "path"  # the column of a metadata file that names the picture
SUBJECT = re.compile(r"([A-Za-z]*\d+)[_.-]")  # begins file names such as S001_012.png and 17-3.jpg
FEWEST = 5  # beginnings of names, each of some pictures, that look like people
PICTURES = 3  # of each, on average
ALIKE = 0.8  # share of the names that begin so
PASSES = 3  # over all people, until few could improve the shares of the classes
KEYS = "dataset.group_pattern=REGEX, or dataset.metadata=FILE.csv with dataset.group_column=NAME"


def add_metadata(faces: Faces, cfg: DatasetConfig) -> Faces:
    """Return the table with people (`groups`) and columns (`metadata`), where the configuration names their source.

    Raises:
        DataError: the pattern matches no path; the file cannot be read, lacks a column, names a picture twice, or names
            none of the pictures.
    """
    ids = faces.ids.tolist()
    groups = match_people(ids, cfg)
    if groups is not None:
        _warn_unknown(groups, faces, cfg)
    if cfg.metadata is None:
        return replace(faces, groups=groups)
    file = _read(ids, cfg)
    key = f"dataset.metadata={cfg.metadata}"
    if missing := sum(row is None for row in file.rows):
        log.warning("warning: %s: %d of %d pictures have no row", key, missing, len(ids))
    if unknown := file.unknown:
        log.warning("warning: %s: %d paths are no picture that is used, such as %s", key, len(unknown), unknown[0])
    columns = {name: _column(file.rows, name) for name in file.names if name not in (PATH, cfg.group_column)}
    return replace(faces, groups=groups, metadata=columns)


def match_people(ids: list[str], cfg: DatasetConfig) -> np.ndarray | None:
    """Return who is on each picture, (n,) str, "" where that is not known; None where no key says so.

    Raises:
        DataError: as add_metadata does.
    """
    if cfg.group_column is not None:
        return _column(_read(ids, cfg).rows, cfg.group_column)
    if cfg.group_pattern is None:
        return None
    found = [re.search(cfg.group_pattern, identity(name)) for name in ids]
    groups = np.array([(match[1] or "") if match else "" for match in found])
    if not (groups != "").any():
        raise DataError(
            f"dataset.group_pattern={cfg.group_pattern} matches no path of {cfg.name}, such as {ids[0]}; its first "
            "group must name who is on the picture"
        )
    return groups


def people_state(cfg: DatasetConfig) -> str | None:
    """Return what changes when other people may be on the pictures; None where no key says who is.

    Raises:
        DataError: the file cannot be read.
    """
    if cfg.group_column is None or cfg.metadata is None:
        return cfg.group_pattern
    try:
        content = read_bytes(Path(cfg.metadata).expanduser())
    except OSError as error:
        raise DataError(f"dataset.metadata={cfg.metadata}: cannot be read: {error.strerror}") from error
    return f"{cfg.group_column} {sha256(content).hexdigest()}"


class _File(NamedTuple):
    """Rows (n,), None where a picture has none; names of the columns; paths that are no picture."""

    rows: list[dict[str, str] | None]
    names: list[str]
    unknown: list[str]


def _read(ids: list[str], cfg: DatasetConfig) -> _File:
    assert cfg.metadata is not None
    file = Path(cfg.metadata).expanduser()
    key = f"dataset.metadata={file}"
    try:
        reader = csv.DictReader(read_bytes(file).decode("utf-8-sig").splitlines(), restval="")
        names, rows = list(reader.fieldnames or []), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{key}: cannot be read ({error}); give a csv file with the columns path and others") from error
    for asked, name in (("dataset.metadata", PATH), ("dataset.group_column", cfg.group_column)):
        if name is not None and name not in names:
            raise DataError(f"{asked}: {file} has no column {name}; it has {', '.join(names) or 'none'}")
    by_path = {row[PATH]: row for row in rows}
    if len(by_path) < len(rows):
        twice, _ = Counter(row[PATH] for row in rows).most_common(1)[0]
        raise DataError(f"{key}: names {twice} twice; a picture has one row")
    found = [by_path.get(name) or by_path.get(identity(name)) for name in ids]
    if not any(found):
        raise DataError(
            f"{key}: none of its {len(rows)} paths is a picture of {cfg.name}: it has {next(iter(by_path), 'none')}, "
            f"the dataset {ids[0]}"
        )
    known = {*ids, *map(identity, ids)}
    return _File(found, names, [name for name in by_path if name not in known])


def _column(rows: list[dict[str, str] | None], name: str) -> np.ndarray:
    return np.array([row[name].strip() if row else "" for row in rows])


def _warn_unknown(groups: np.ndarray, faces: Faces, cfg: DatasetConfig) -> None:
    unknown = np.flatnonzero(groups == "")
    if len(unknown):
        key = "group_pattern" if cfg.group_column is None else "group_column"
        log.warning(
            "warning: dataset.%s=%s does not say who is on %d of %d pictures, such as %s: each counts as a person of "
            "its own",
            key,
            getattr(cfg, key),
            len(unknown),
            len(faces),
            faces.ids[unknown[0]],
        )


def people(faces: Faces, rows: np.ndarray) -> np.ndarray:
    """Return who is on the pictures of these rows, (m,) str, as `each_person` does; their groups must be known."""
    assert faces.groups is not None
    return each_person(faces.groups[rows], faces.identities(rows))


def each_person(groups: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return the people of pictures, (n,) str: who is not known is a person of their own, with one face.

    Args:
        groups: (n,) str, "" where it is not known who is on the picture.
        faces: (n,) str, the face that it shows.
    """
    return np.where(groups == "", np.char.add("face ", faces), np.char.add("group ", groups))


def draw_people(labels: np.ndarray, people: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Draw people until their faces are about `share` of each class, (n,) bool: all faces of a person, or none.

    People are taken in an order drawn by the seed, PASSES times; one is drawn, or put back, if the counts of the
    classes come nearer to what is wanted by that. Where nobody brings them
    nearer (few people), the one who leaves them nearest is.

    Args:
        labels: (n,) int.
        people: (n,) str, who is on each face.
        share: wanted of each class, between 0 and 1.
        seed: seed of the order.
    """
    _, person = np.unique(people, return_inverse=True)
    counts = np.zeros((person.max() + 1, labels.max() + 1))
    np.add.at(counts, (person, labels), 1)
    totals = np.maximum(counts.sum(0), 1)
    shares = counts / totals  # a class counts alike whatever its size
    missing = share * (counts.sum(0) > 0)
    drawn = np.zeros(len(counts), bool)
    for k in np.tile(np.random.default_rng(seed).permutation(len(counts)), PASSES):
        left = missing + shares[k] if drawn[k] else missing - shares[k]
        if (left**2).sum() < (missing**2).sum():
            drawn[k], missing = not drawn[k], left
    if not drawn.any():
        drawn[((missing - shares) ** 2).sum(1).argmin()] = True
    return drawn[person]


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
