"""The pictures of a run: faces, what covers them in training and in each test set, how a network gets them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from omegaconf import OmegaConf

from fer_exp.config.occlusion import Missing, OcclusionConfig
from fer_exp.config.test_sets import further_test_sets
from fer_exp.datasets.faces import Faces, identity
from fer_exp.errors import ConfigError
from fer_exp.occlusion import placement as cover
from fer_exp.occlusion.coverage import covered_share
from fer_exp.occlusion.placement import Cover, framed

if TYPE_CHECKING:
    from fer_exp.config.inputs import InputsConfig

log = logging.getLogger(__name__)


class Source(NamedTuple):
    """Pictures, what covers them, and how a network gets them.

    Attributes:
        faces: the table.
        cover: what `occluded` faces wear; None where nothing is ever covered.
        size: of the network's input, pixels.
        channels: 1 (grey) or 3 (RGB).
        degrade: pixels that a picture's shorter side is reduced to first; None leaves it as it is.
        others: further test sets by name: what all faces wear there (None: nothing), and `degrade`.
    """

    faces: Faces
    cover: Cover | None
    size: int
    channels: int
    degrade: int | None = None
    others: Mapping[str, tuple[Cover | None, int | None]] = {}

    def seen_as(self, form: str) -> tuple[Source, str]:
        """The pictures of a form (normal, occluded or one of `others`), and which variant of them it is."""
        if form not in self.others:
            return self, form
        cover, degrade = self.others[form]
        return self._replace(cover=cover, degrade=degrade, others={}), "normal" if cover is None else "occluded"


class Features(NamedTuple):
    """What a frozen backbone made of the faces, in place of their pictures.

    `forms` has for "normal", "occluded" and further test sets pairs of rows (m,) of the Faces table and features
    float32 (m, ...).
    """

    faces: Faces
    cover: Cover | None
    forms: dict[str, list[tuple[np.ndarray, np.ndarray]]]
    others: Mapping[str, tuple[Cover | None, int | None]] = {}

    def seen_as(self, form: str) -> tuple[Features, str]:
        """As Source.seen_as."""
        if form not in self.others:
            return self, form
        return self._replace(forms={"normal": self.forms[form]}, others={}), "normal"


def of(faces: Faces, cfg: InputsConfig) -> Source:
    """The pictures that a run's configuration asks for.

    Raises:
        DataError: a covered variant or test set is asked for and nothing says where the occluder belongs.
        ConfigError: a further test set is none.
    """
    further = further_test_sets(cfg.tests, cfg.occlusion)
    if copies := sum(name != identity(name) for name in faces.ids.tolist()):
        if cfg.data.name != "normal":
            raise ConfigError(
                f"data={cfg.data.name}: {copies} pictures of {faces.name} are covered copies (_occ), which would be "
                "covered twice: data=normal takes them as they are; or keep them in a folder of their own"
            )
        log.warning("warning: %d pictures are covered copies (_occ): `normal` means as they lie there", copies)
    place = lambda occlusion: cover.place(faces.landmarks, faces.sizes, occlusion, faces.ids)  # noqa: E731
    own = None
    if faces.landmarks is not None or cfg.occlusion.missing is Missing.frame or cfg.data.name != "normal":
        own = place(cfg.occlusion)
    else:
        log.warning(
            "warning: %s has no landmarks, so nothing can be covered: tested on normal faces alone. "
            "Give dataset.landmarks=FILE.npz, let them be found with dataset.landmarks=auto, or say "
            "occlusion.missing=frame",
            faces.name,
        )
    others = {
        name: (place(t.occlusion) if t.occlusion else None, t.degrade or cfg.dataset.degrade)
        for name, t in further.items()
    }
    return Source(faces, own, cfg.model.size, cfg.model.channels, cfg.dataset.degrade, others)


def described(tests: Sequence[str], own: OcclusionConfig) -> str:
    """What further test sets are, as YAML: their words say no more than a name."""
    found = {name: asdict(test) for name, test in further_test_sets(tests, own).items()}
    return OmegaConf.to_yaml(OmegaConf.create({"further_test_sets": found}))


def covered_shares(source: Source, rows: np.ndarray) -> dict[str, float]:
    """Test set -> the mean share of these rows' faces that its occluder hides, 0..1.

    Of the faces with landmarks; where none has any, of the average face that `frame` takes them for.
    """
    faces = source.faces
    worn = {"occluded": source.cover} | {name: other for name, (other, _) in source.others.items()}
    found = {}
    for name, one in worn.items():
        if one is not None:
            points = framed(faces.sizes[rows]) if faces.landmarks is None else faces.landmarks[rows]
            shares = covered_share(points, one.polygons[rows])
            if np.isfinite(shares).any():
                found[name] = float(np.nanmean(shares))
    return found
