"""Test faces that stand in the training part as well: counts, a list, and a sheet to look at."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd

from fer_exp.datasets import images
from fer_exp.datasets.twins import count_left_out
from fer_exp.reports import figures
from fer_exp.reports.tables import as_csv

if TYPE_CHECKING:
    from fer_exp.datasets.faces import Faces
    from fer_exp.datasets.twins import Twins
    from fer_exp.inputs.split import Split
    from fer_exp.tracking import Recorder

log = logging.getLogger(__name__)
LIST = "data/near_duplicates.csv"
SHEET = "data/near_duplicates.png"
SHOWN = 12  # pairs in each group of the sheet
SIDE = 96  # pixels of a picture there
EXAMPLES = 3


def describe_twins(run: Recorder, faces: Faces, split: Split, test: np.ndarray, twins: Twins) -> None:
    """Log counts of near duplicates as tags and all pairs as a list; warn of them.

    Args:
        run: what records them.
        faces: the table.
        split: training and validation pictures.
        test: (n,) rows of the test part that are used.
        twins: pairs of these faces.
    """
    sides = {"training": split.train.rows, "validation": split.validation.rows}
    near = twins.near()
    of_side = {side: near.between(rows, test) for side, rows in sides.items()}
    used = _used(split, test, twins)
    tags = {f"near_duplicates.test_in_{side}": len(np.unique(pairs.test)) for side, pairs in of_side.items()}
    run.set_tags(tags | {"twins.test": len(np.unique(used.test)), "duplicates.excluded": count_left_out(faces)})
    if not len(used.near()):
        return
    table = pair_table(faces, used)
    table["side"] = np.where(np.isin(used.train, sides["validation"]), "validation", "training")
    run.log_text(as_csv(table), LIST)
    for side, pairs in of_side.items():
        if count := len(np.unique(pairs.test)):
            log.warning("warning: %s; %s in the run lists all pairs", near_sentence(faces, pairs, side, count), LIST)


def draw_twins(run: Recorder, faces: Faces, split: Split, test: np.ndarray, twins: Twins) -> None:
    """Log the near duplicates as a picture, where there are any; see `describe_twins`."""
    near = _used(split, test, twins).near()
    if len(near):
        run.log_figure(draw_sheet(faces, near), SHEET)


def _used(split: Split, test: np.ndarray, twins: Twins) -> Twins:
    return twins.between(np.concatenate([split.train.rows, split.validation.rows]), test)


def near_sentence(faces: Faces, pairs: Twins, side: str, count: int) -> str:
    """Return in words how many test pictures are near duplicates, with examples."""
    first = pairs.take(np.unique(pairs.test, return_index=True)[1][:EXAMPLES])
    examples = ", ".join(f"{faces.ids[a]} ~ {faces.ids[b]}" for a, b in zip(first.train, first.test, strict=True))
    what = "test picture is nearly one" if count == 1 else "test pictures are nearly the same as pictures"
    return f"{count} {what} in {side} (saved again, mirrored, shifted, ...): {examples}"


def pair_table(faces: Faces, pairs: Twins) -> pd.DataFrame:
    """Return a row per pair: ids and classes of both, kind (exact, near, mirrored), correlation."""
    classes = np.array(faces.classes)
    return pd.DataFrame(
        {
            "test": faces.ids[pairs.test],
            "test_class": classes[faces.labels[pairs.test]],
            "training": faces.ids[pairs.train],
            "training_class": classes[faces.labels[pairs.train]],
            "kind": pairs.kinds(),
            "correlation": pairs.correlation.round(3),
        }
    )


def draw_sheet(faces: Faces, pairs: Twins) -> figures.Figure:
    """Draw pairs side by side, training face left: those that are least alike, and others at random."""
    order = np.argsort(pairs.correlation, kind="stable")
    least, others = order[:SHOWN], order[SHOWN:]
    drawn = np.sort(np.random.default_rng(0).permutation(others)[:SHOWN])
    groups = {
        "least alike": [_pair(faces, pairs, int(i)) for i in least],
        "at random": [_pair(faces, pairs, int(i)) for i in drawn],
    }
    return figures.pair_sheet(groups, f"{faces.name}: {len(pairs)} near duplicates, training face and test face")


def _pair(faces: Faces, pairs: Twins, i: int) -> figures.Pair:
    rows = int(pairs.train[i]), int(pairs.test[i])
    both = [
        cv2.resize(images.read(faces, row), (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.uint8) for row in rows
    ]
    names = [faces.classes[faces.labels[row]] for row in rows]
    mark = ", mirrored" if pairs.mirrored[i] else ""
    return figures.Pair(np.concatenate(both, axis=1), f"{names[0]} | {names[1]}", f"{pairs.correlation[i]:.2f}{mark}")
