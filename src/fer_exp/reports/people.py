"""How many people a run trains and tests on, and who is on both sides."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fer_exp.datasets.faces import Faces
    from fer_exp.inputs.split import Split
    from fer_exp.tracking import Recorder

log = logging.getLogger(__name__)
EXAMPLES = 3


def describe_people(run: Recorder, faces: Faces, split: Split, test: np.ndarray) -> None:
    """Log the numbers of people as tags, and warn of those in more than one part; nothing where no one is known.

    Args:
        run: what records them.
        faces: the table.
        split: training and validation pictures.
        test: (n,) rows of the test part that are used.
    """
    if faces.groups is None:
        return
    rows = {"training": split.train.rows, "validation": split.validation.rows, "test": test}
    known = {part: set(faces.groups[of_part].tolist()) - {""} for part, of_part in rows.items()}
    tags = {f"people.{part}": len(names) for part, names in known.items()}
    for part, other, remedy in (
        ("test", "training", "the test says little about people never seen; give a test part of other people"),
        ("test", "validation", "the test says little about people never seen; give a test part of other people"),
        ("validation", "training", "validation looks better than it is; split.by=group keeps people apart"),
    ):
        both = sorted(known[part] & known[other])
        tags[f"people.{part}_in_{other}"] = len(both)
        if both:
            faces_of_both = int(np.isin(faces.groups[np.unique(rows[part])], both).sum())
            log.warning(
                "warning: %d of %d people in %s are also in %s, on %d faces, such as %s: %s",
                len(both),
                len(known[part]),
                part,
                other,
                faces_of_both,
                ", ".join(both[:EXAMPLES]),
                remedy,
            )
    run.set_tags(tags)
