"""Who is on each face: what is drawn at random are people, and faces come with them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FEW_PEOPLE = 10  # below, how people differ is hardly known


class People(NamedTuple):
    """The people on n faces. Where no one is known every face is a person of its own."""

    order: np.ndarray  # (n,) positions of the faces, person after person
    starts: np.ndarray  # (people,) where each person begins in it
    number: (
        float  # people of equal numbers of faces that these are worth (Kish 1965): their number where they are equal
    )

    @classmethod
    def of(cls, groups: np.ndarray | None, faces: int) -> People:
        """Find the people.

        Args:
            groups: (faces,) str, who is on each face; every "" is a person of their own, and so is every face of None.
            faces: their number, at least 1.
        """
        each = np.arange(faces)
        if groups is None:
            return cls(each, each, faces)
        names = np.where(groups == "", np.char.add("face ", each.astype(str)), np.char.add("group ", groups))
        _, person, counts = np.unique(names, return_inverse=True, return_counts=True)
        starts = np.cumsum(counts) - counts
        worth = faces**2 / float((counts.astype(np.int64) ** 2).sum())
        return cls(np.argsort(person, kind="stable"), starts, max(worth, 1.5) if len(counts) > 1 else 1.0)

    @property
    def share_faces(self) -> bool:
        """Return whether some person is on more than one face."""
        return len(self.starts) < len(self.order)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of each person's values, (..., people), of those of faces (..., n), in mean faces a person.

        Their mean over people is the mean over faces where the values' mean is 0 (a ratio estimate, linearised:
        Cochran 1977, section 9).
        """
        if not self.share_faces:
            return values
        sums = np.add.reduceat(values[..., self.order], self.starts, axis=-1)
        return sums * values.dtype.type(self.number / len(self.order))
