"""The validation part, drawn from the training part."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from fer_exp.config.training import By
from fer_exp.datasets.faces import Faces
from fer_exp.errors import DataError
from fer_exp.inputs.variants import Items, items


class Split(NamedTuple):
    """Training and validation pictures; `hash` names who is on which side."""

    train: Items
    validation: Items
    hash: str


def stratified(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """A seeded draw of `share` of each class, (n,) bool.

    Unlike scikit-learn's stratified splitters it takes classes of one member (they stay out of the draw); a class
    of two or more gives at least one and keeps at least one.
    """
    drawn = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        where = np.flatnonzero(labels == label)
        if len(where) > 1:
            n = min(max(round(share * len(where)), 1), len(where) - 1)
            drawn[np.random.default_rng((seed, int(label))).permutation(where)[:n]] = True
    return drawn


def draw(faces: Faces, rows: np.ndarray, variant: str, share: float, by: By, seed: int) -> Split:
    """Split the training rows, and form the variant's pictures of both sides.

    By face, both forms of a face are on the same side, and all variants of a seed have the same faces there. By
    image, the variant's pictures are drawn one by one, as study A did: a doubled face can stand on both sides.
    `mixed_unique` is assigned before the draw, so that a face is covered or not whatever the seed.

    Args:
        faces: the table.
        rows: (n,) the training part's usable rows, in natural file order.
        variant: see fer_exp.inputs.variants.items.
        share: of each class, for validation, between 0 and 1.
        by: faces or images.
        seed: of the draw.

    Raises:
        DataError: nothing would be left to train or to validate on.
    """
    pictures = items(variant, rows, faces.labels[rows])
    if by is By.face:
        # a covered copy beside its face goes where the face goes
        _, first, face = np.unique(faces.identities(rows), return_index=True, return_inverse=True)
        ranks = np.argsort(first)  # faces in file order
        drawn = np.zeros(len(first), bool)
        drawn[ranks] = stratified(faces.labels[rows[first[ranks]]], share, seed)
        # who is where, whatever the variant
        key = drawn[face]
        validation = np.isin(pictures.rows, rows[key])
        names = faces.ids[rows]
    else:
        validation = stratified(faces.labels[pictures.rows], share, seed)
        key = validation
        names = np.char.add(faces.ids[pictures.rows], np.where(pictures.covered, " covered", ""))
    if not validation.any() or validation.all():
        raise DataError(
            f"split.validation={share} of {len(rows)} training faces leaves nothing to train or validate on; "
            "raise dataset.limit or change split.validation"
        )
    digest = hashlib.sha256("\n".join(sorted(names[key])).encode() + b"\n\n")
    digest.update("\n".join(sorted(names[~key])).encode())
    return Split(pictures.take(~validation), pictures.take(validation), digest.hexdigest()[:16])
