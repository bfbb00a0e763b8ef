"""One expression under the names that datasets give it, and faces under the classes of another dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fer_exp.datasets.faces import Faces
from fer_exp.errors import DataError

# the words of FER2013 (Goodfellow et al. 2013), AffectNet (Mollahosseini et al. 2017), CK+ (Lucey et al. 2010) and
# RAF-DB (Li et al. 2017) for the basic expressions, and the adjectives beside the nouns
SYNONYMS = {
    "anger": ("anger", "angry"),
    "contempt": ("contempt", "contemptuous"),
    "disgust": ("disgust", "disgusted"),
    "fear": ("fear", "fearful", "afraid"),
    "happiness": ("happiness", "happy", "joy"),
    "neutral": ("neutral",),
    "sadness": ("sadness", "sad"),
    "surprise": ("surprise", "surprised"),
}
_MEANING = {word: meaning for meaning, words in SYNONYMS.items() for word in words}


def meaning(name: str) -> str:
    """Return one word for all names of an expression, in any case; other names stand for themselves."""
    return _MEANING.get(name.lower(), name.lower())


def rename(faces: Faces, names: Mapping[str, str]) -> Faces:
    """Return the faces with some classes under other names; two classes of one name become one.

    Raises:
        DataError: there is no such class.
    """
    if unknown := sorted(names.keys() - set(faces.classes)):
        raise DataError(f"dataset.rename: {unknown[0]} is not a class of {faces.name}: {', '.join(faces.classes)}")
    renamed = [names.get(name, name) for name in faces.classes]
    classes = tuple(dict.fromkeys(renamed))
    positions = np.array([classes.index(name) for name in renamed])
    return replace(faces, classes=classes, labels=positions[faces.labels])


def under_classes(faces: Faces, known: tuple[str, ...]) -> tuple[Faces, tuple[str, ...]]:
    """Return the faces whose class a network knows, labelled as it knows them, and the classes that both have.

    Names are compared by what they mean: `anger` is `angry`. Faces of other classes are left out.

    Args:
        faces: of any dataset.
        known: the network's classes, in the order of its outputs.

    Raises:
        DataError: fewer than two classes are common to both.
    """
    positions = {meaning(name): k for k, name in enumerate(known)}
    label_of = np.array([positions.get(meaning(name), -1) for name in faces.classes])
    common = tuple(name for k, name in enumerate(known) if k in label_of)
    if len(common) < 2:
        raise DataError(
            f"{faces.name} has the classes {', '.join(faces.classes)}, the run knows {', '.join(known)}: fewer than "
            "two in common. dataset.rename={theirs: ours} says which are the same"
        )
    kept = faces.take(np.flatnonzero(label_of[faces.labels] >= 0))
    return replace(kept, classes=known, labels=label_of[kept.labels]), common
