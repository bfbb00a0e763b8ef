"""The pictures of a run: faces, what covers them in training and in each test set, how a network gets them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from omegaconf import OmegaConf

from fer_exp.config.occlusion import Fill, Missing, OcclusionConfig
from fer_exp.config.test_sets import further_test_sets
from fer_exp.datasets.faces import Faces, identity
from fer_exp.errors import ConfigError
from fer_exp.inputs.picture_cache import PictureCache
from fer_exp.occlusion.coverage import covered_share
from fer_exp.occlusion.placement import Placement, framed_landmarks, place_occluder, usable_rows

if TYPE_CHECKING:
    from fer_exp.config.inputs import InputsConfig

log = logging.getLogger(__name__)


class ExtraTestSet(NamedTuple):
    """What all faces of a further test set wear (None: nothing), and the pixels that they are reduced to, if any."""

    placement: Placement | None
    degrade: int | None


class Source(NamedTuple):
    """Pictures, what covers them, and how a network gets them.

    Attributes:
        faces: the table.
        placement: where the occluder of `occluded` faces lies; None where nothing is ever covered.
        size: side of the network's input, pixels.
        channels: 1 (grey) or 3 (RGB).
        degrade: pixels that a picture's shorter side is reduced to first; None leaves it as it is.
        extra_test_sets: further test sets by name.
        cache: keeps pictures once they are read; None reads them anew each time.
        mirror: whether predictions are means over a face and its mirror image; training sees nothing of it.
        mirrored: whether these are the mirror images.
    """

    faces: Faces
    placement: Placement | None
    size: int
    channels: int
    degrade: int | None = None
    extra_test_sets: Mapping[str, ExtraTestSet] = {}
    cache: PictureCache | None = None
    mirror: bool = False
    mirrored: bool = False

    @classmethod
    def from_config(cls, faces: Faces, cfg: InputsConfig) -> Source:
        """Return the pictures that a configuration asks for.

        Raises:
            DataError: a covered variant or test set is asked for and nothing says where the occluder belongs.
            ConfigError: a word in `tests` does not name a test set.
        """
        if copies := sum(name != identity(name) for name in faces.ids.tolist()):
            _check_copies(copies, faces.name, cfg.data.name)
        placement = None
        if faces.landmarks is not None or cfg.occlusion.missing is Missing.frame or cfg.data.name != "normal":
            placement = place_occluder(faces.landmarks, faces.sizes, cfg.occlusion, faces.ids)
        else:
            log.warning(
                "warning: %s has no landmarks, so nothing can be covered: its faces are tested uncovered alone. "
                "Give dataset.landmarks=FILE.npz, let them be found with dataset.landmarks=auto, or say "
                "occlusion.missing=frame",
                faces.name,
            )
        extra = {}
        for name, test_set in further_test_sets(cfg.tests, cfg.occlusion).items():
            extra_placement = None
            if test_set.occlusion is not None:
                extra_placement = place_occluder(faces.landmarks, faces.sizes, test_set.occlusion, faces.ids)
            extra[name] = ExtraTestSet(extra_placement, test_set.degrade or cfg.dataset.degrade)
        size, channels = cfg.model.size, cfg.model.channels
        cache = PictureCache.of_gigabytes(cfg.picture_cache)
        return cls(faces, placement, size, channels, cfg.dataset.degrade, extra, cache, cfg.mirror)

    def rows(self, part: str) -> np.ndarray:
        """Return the rows of a part that are used, (m,) int64: occlusion.missing=skip leaves faces out everywhere."""
        return usable_rows(self.faces, self.placement, part)

    @property
    def views(self) -> list[Source]:
        """Return what predictions are means over: the pictures, and their mirror images where `mirror` says so."""
        return [self, self._replace(mirrored=True)] if self.mirror else [self]

    def for_test_set(self, form: str) -> tuple[Source, str]:
        """Return the pictures of a form (normal, occluded, a further test set), and which variant of them it is."""
        if form not in self.extra_test_sets:
            return self, form
        placement, degrade = self.extra_test_sets[form]
        source = self._replace(placement=placement, degrade=degrade, extra_test_sets={})
        return source, "normal" if placement is None else "occluded"


class Features(NamedTuple):
    """What a frozen backbone made of the faces, in place of their pictures.

    `forms` has for "normal", "occluded" and further test sets pairs of rows (m,) of the Faces table and features
    float32 (m, ...); `mirror_images` the same of the mirror images, where predictions are means over both.
    """

    faces: Faces
    placement: Placement | None
    forms: dict[str, list[tuple[np.ndarray, np.ndarray]]]
    extra_test_sets: Mapping[str, ExtraTestSet] = {}
    mirror_images: Features | None = None

    @property
    def views(self) -> list[Features]:
        """Return what predictions are means over; see Source.views."""
        return [self] if self.mirror_images is None else [self, self.mirror_images]

    def for_test_set(self, form: str) -> tuple[Features, str]:
        """Return the features of a form, and which variant of them it is; see Source.for_test_set."""
        if form not in self.extra_test_sets:
            return self, form
        mirror_images = self.mirror_images and self.mirror_images.for_test_set(form)[0]
        of_form = {"normal": self.forms[form]}
        return self._replace(forms=of_form, extra_test_sets={}, mirror_images=mirror_images), "normal"


def _check_copies(count: int, dataset: str, variant: str) -> None:
    """Warn about covered copies among the pictures; raise ConfigError where they would be covered twice."""
    if variant != "normal":
        raise ConfigError(
            f"data={variant}: {count} pictures of {dataset} are covered copies (_occ), which would be covered twice. "
            "Use data=normal to take them as they are, or keep them in a folder of their own"
        )
    log.warning("warning: %d pictures are covered copies (_occ): `normal` takes them as they are", count)


def describe_test_sets(tests: Sequence[str], occlusion: OcclusionConfig) -> str:
    """Return what further test sets are, as YAML: their words in `tests` are no more than names."""
    test_sets = {name: asdict(test_set) for name, test_set in further_test_sets(tests, occlusion).items()}
    return OmegaConf.to_yaml(OmegaConf.create({"further_test_sets": test_sets}))


def describe_mask(source: Source) -> str:
    """Return in words what says where a real headset lies, which a fill has to know; "" where nothing real is filled.

    A painted occluder is known to the pixel, a real one is not.
    """
    placement = source.placement
    if not source.faces.headset or placement is None or placement.fill is Fill.color:
        return ""
    where = "the landmarks" if placement.usable.any() else "an average face (occlusion.missing=frame)"
    return (
        f"the faces of {source.faces.name} wear a real headset, whose place is not known: on `occluded`, "
        f"occlusion.fill={placement.fill.name} replaces what an occluder placed by {where} covers"
    )


def covered_shares(source: Source, rows: np.ndarray) -> dict[str, float]:
    """Return for each test set the mean share of these rows' faces that its occluder hides, 0..1.

    Only faces with landmarks count; where none has any, the average face that `frame` takes them for does.
    """
    faces = source.faces
    placements = {"occluded": source.placement}
    placements |= {name: test_set.placement for name, test_set in source.extra_test_sets.items()}
    means = {}
    for name, placement in placements.items():
        if placement is not None:
            points = framed_landmarks(faces.sizes[rows]) if faces.landmarks is None else faces.landmarks[rows]
            shares = covered_share(points, placement.polygons[rows])
            if np.isfinite(shares).any():
                means[name] = float(np.nanmean(shares))
    return means
