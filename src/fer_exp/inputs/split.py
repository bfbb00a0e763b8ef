"""The validation part, drawn from the training part."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from fer_exp.config.training import SplitBy
from fer_exp.datasets.faces import Faces
from fer_exp.datasets.people import draw_people, people
from fer_exp.errors import DataError
from fer_exp.inputs.variants import Samples, build_samples


class Split(NamedTuple):
    """Training and validation pictures; `hash` identifies which faces are on which side."""

    train: Samples
    validation: Samples
    hash: str


def draw_stratified(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Draw a seeded sample of each class, `share` of its members, (n,) bool.

    Unlike scikit-learn's stratified splitters it takes classes of one member (they stay out of the draw); a class
    of two or more gives at least one and keeps at least one.
    """
    drawn = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) > 1:
            n = min(max(round(share * len(members)), 1), len(members) - 1)
            drawn[np.random.default_rng((seed, int(label))).permutation(members)[:n]] = True
    return drawn


def draw_split(faces: Faces, rows: np.ndarray, variant: str, share: float, by: SplitBy, seed: int) -> Split:
    """Split the training rows, and build the variant's samples of both sides.

    By face, both forms of a face are on the same side, and all variants of a seed have the same faces there. By
    image, the variant's pictures are drawn one by one, as study A did: a doubled face can stand on both sides.
    By group, all faces of a person are on one side. Where the dataset itself gives faces for validation, they are it.
    `mixed_unique` is assigned before the draw, so that a face is covered or not whatever the seed.

    Args:
        faces: the table.
        rows: (n,) the training part's usable rows, in natural file order.
        variant: see fer_exp.inputs.variants.build_samples.
        share: share of each class for validation, between 0 and 1.
        by: faces, images or people.
        seed: seed of the draw.

    Raises:
        DataError: nothing would be left to train or to validate on.
    """
    samples = build_samples(variant, rows, faces.labels[rows])
    if by is SplitBy.image and faces.validation is None:
        held_out = validation = draw_stratified(faces.labels[samples.rows], share, seed)
        names = np.char.add(faces.ids[samples.rows], np.where(samples.covered, " covered", ""))
    else:
        # the hash is of faces, whatever the variant
        held_out = _draw_faces(faces, rows, share, by, seed)
        validation = np.isin(samples.rows, rows[held_out])
        names = faces.ids[rows]
    if not validation.any() or validation.all():
        raise DataError(
            f"split.validation={share} of {len(rows)} training faces leaves nothing to train or validate on; "
            f"raise dataset.limit or change split.validation{_count_people(faces, rows, by)}"
        )
    digest = hashlib.sha256("\n".join(np.sort(names[held_out]).tolist()).encode() + b"\n\n")
    digest.update("\n".join(np.sort(names[~held_out]).tolist()).encode())
    return Split(samples.take(~validation), samples.take(validation), digest.hexdigest()[:16])


def _draw_faces(faces: Faces, rows: np.ndarray, share: float, by: SplitBy, seed: int) -> np.ndarray:
    """Return which of these rows are held out, (n,) bool: those that the dataset gives for it, else a draw.

    All pictures of a face or of a person are alike in that.
    """
    if faces.validation is not None:
        return faces.validation[rows]
    if by is SplitBy.group:
        return draw_people(faces.labels[rows], people(faces, rows), share, seed)
    # a covered copy beside its face goes where the face goes
    _, first, face = np.unique(faces.identities(rows), return_index=True, return_inverse=True)
    ranks = np.argsort(first)  # faces in file order
    drawn = np.zeros(len(first), bool)
    drawn[ranks] = draw_stratified(faces.labels[rows[first[ranks]]], share, seed)
    return drawn[face]


def _count_people(faces: Faces, rows: np.ndarray, by: SplitBy) -> str:
    return f" (they show {len(np.unique(people(faces, rows)))} people)" if by is SplitBy.group else ""
