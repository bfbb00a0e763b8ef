"""Any dataset sorted into a folder per class."""

from __future__ import annotations

import numpy as np

from fer_exp.config.dataset import FolderConfig
from fer_exp.datasets.build import DatasetSpec, build
from fer_exp.datasets.class_folders import choose_test, class_folders, label_by_name, list_classes, state_of
from fer_exp.datasets.faces import Faces, identity
from fer_exp.datasets.limit import pick
from fer_exp.datasets.listing import Folder, Listing, data_root, list_folder
from fer_exp.datasets.people import draw_people, each_person, match_people, people_state


def load(cfg: FolderConfig, *, size: int, workers: int) -> Faces:
    """Read root/train/<class>/ with root/{test,validation,val}/<class>/, or root/<class>/ without parts.

    `dataset.test` names the part tested on; null takes the only one there. Where there is none, a share
    `dataset.test_share` of each class is split off: which faces depends on `dataset.test_seed` and the ids alone,
    and where dataset.group_pattern or dataset.group_column says who is on a picture, all of a person are in one part.
    `dataset.classes` gives names and order of the classes; null takes the folders, in plain alphabetical order.

    Raises:
        ConfigError: dataset.root is not set.
        DataError: there are no such folders; while dataset.on_bad=fail, a class folder that dataset.classes does not
            name, files that are not pictures, damaged pictures, and a class without training or test faces.
    """
    root = data_root(cfg)
    has_parts, test = find_parts(cfg)
    parts = {"train": class_folders(root, "train" if has_parts else "")}
    if test is not None:
        parts["test"] = class_folders(root, test)
    classes = tuple(cfg.classes or sorted({folder.name for folders in parts.values() for folder in folders}))

    def listing() -> Listing:
        faces = list_classes(classes, parts, label_by_name(classes))
        if test is None:
            split_off(faces, cfg.test_share, cfg.test_seed, match_people(faces.ids, cfg))
        return faces

    drawn = None if test is not None else (cfg.test_share, cfg.test_seed, people_state(cfg))
    spec = DatasetSpec(
        root=root,
        key={"classes": classes, "test": test, "drawn": drawn},
        state=state_of(all_folders(parts)),
        listing=listing,
    )
    return build(cfg, spec, workers=workers)


def find_parts(cfg: FolderConfig) -> tuple[bool, str | None]:
    """Return whether the dataset has a folder of training faces, and the folder of its test faces, if any.

    Raises:
        ConfigError: dataset.root is not set.
        DataError: the folder that dataset.test names is not there, or several are and none is named.
    """
    names = list_folder(data_root(cfg)).folders
    has_parts = "train" in names
    return has_parts, choose_test(cfg, [name for name in names if name != "train"] if has_parts else [], cfg.test)


def all_folders(parts: dict[str, list[Folder]]) -> list[Folder]:
    """Return the folders of all parts, in order."""
    return [folder for folders in parts.values() for folder in folders]


def split_off(listing: Listing, share: float, seed: int, groups: np.ndarray | None = None) -> None:
    """Move a share of each class into the test part, in place: at least one face, never all of them.

    A covered copy (`_occ`) goes with its face. Where it is known who is on the pictures, `groups` (n,) str, all of a
    person are in one part, and the shares are met as well as whole people allow.
    """
    names = np.array([identity(name) for name in listing.ids])
    if groups is not None:
        listing.parts[draw_people(listing.labels, each_person(groups, names), share, seed)] = "test"
        return
    for label in range(len(listing.classes)):
        faces = np.unique(names[listing.labels == label])
        count = min(max(1, round(share * len(faces))), len(faces) - 1)
        if count > 0:
            test_faces = faces[pick(faces.tolist(), np.arange(len(faces)), count, salt=str(seed))]
            listing.parts[(listing.labels == label) & np.isin(names, test_faces)] = "test"
