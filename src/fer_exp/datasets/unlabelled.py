"""A plain folder of pictures, without classes or parts: not for training, but for covering."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import numpy as np

from fer_exp.datasets import images
from fer_exp.datasets.faces import Exclusion, Faces
from fer_exp.datasets.listing import NOT_A_PICTURE, UNUSABLE, is_picture, natural
from fer_exp.errors import DataError


def load(root: Path, workers: int) -> Faces:
    """Read every .jpg, .jpeg and .png below a folder, in natural file order; hidden files are passed over.

    All are of one class and in the training part. Unreadable ones, pictures of other kinds and links to folders are
    exclusions.

    Raises:
        DataError: it is not a folder, or there is no picture in it.
    """
    if not root.is_dir():
        raise DataError(f"images={root}: no such folder")
    names, excluded = [], []

    def unreadable_folder(error: OSError) -> None:
        raise DataError(f"images={root}: cannot read the folder {error.filename}: {error.strerror}") from error

    for folder, subfolders, files in os.walk(root, onerror=unreadable_folder):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        linked = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
        excluded += [
            Exclusion(Path(folder, name).relative_to(root).as_posix(), None, "a link to a folder") for name in linked
        ]
        for name in files:
            path = Path(folder, name).relative_to(root).as_posix()
            if name.startswith("."):
                continue
            if is_picture(name):
                names.append(path)
            elif name.lower().endswith(UNUSABLE):
                excluded.append(Exclusion(path, None, NOT_A_PICTURE))
    names.sort(key=natural)
    sizes, digests, _, unreadable = images.check(root, names, workers)
    excluded += [Exclusion(names[row], None, reason) for row, reason in unreadable.items()]
    kept = np.array([row for row in range(len(names)) if row not in unreadable], int)
    if not len(kept):
        why = f"; {len(excluded)} cannot be used, such as {excluded[0].id}: {excluded[0].reason}" if excluded else ""
        raise DataError(f"images={root}: no .jpg, .jpeg or .png picture there{why}")
    ids = np.array(names, dtype=str)[kept]
    content = "\n".join(ids.tolist()).encode(errors="surrogateescape") + digests[kept].tobytes()
    return Faces(
        name="images",
        classes=("face",),
        ids=ids,
        labels=np.zeros(len(kept), np.int64),
        parts=np.full(len(kept), "train"),
        sizes=sizes[kept],
        digests=digests[kept],
        landmarks=None,
        fingerprint=sha256(content).hexdigest(),
        root=root,
        excluded=tuple(sorted(excluded, key=lambda e: natural(e.id))),
    )
