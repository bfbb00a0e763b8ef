"""Further test sets by name: another occluder, another size of one, another resolution."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fer_exp.config.occlusion import SCHEMAS, OcclusionConfig
from fer_exp.config.options import load_option
from fer_exp.errors import ConfigError

WORD = re.compile(r"(?:(?P<name>[a-z]\w*?)(?:-(?P<scale>\d+(?:\.\d+)?))?)?(?:(?:^|-)(?P<side>\d+)px)?")
OWN = ("normal", "occluded", "mixed")  # names of the test sets that every run has


@dataclass(frozen=True)
class TestSet:
    """All test faces once more, with an occluder (None: none) and a shorter side in pixels (None: their own)."""

    __test__ = False  # pytest takes it for a test case otherwise

    occlusion: OcclusionConfig | None
    degrade: int | None


def further_test_sets(words: Sequence[str], own_occluder: OcclusionConfig) -> dict[str, TestSet]:
    """Return the test sets that words name, in their order.

    `sunglasses`: an option of conf/occlusion; `quest2-0.5`: its size (occlusion.scale); `28px`: uncovered faces of
    that resolution; `quest2-28px`, `quest2-0.5-28px`: both. The run's own occluder keeps all its other keys, every
    occluder has its `missing` and `fill`, and a test set without a resolution has the run's own.

    Raises:
        ConfigError: a word is none of these, or is there twice.
    """
    test_sets: dict[str, TestSet] = {}
    for word in map(str, words):
        match = WORD.fullmatch(word)
        if not word or not match or word in OWN:
            raise ConfigError(
                f"tests: {word!r} is not a test set; name an occluder (sunglasses), one at another size (quest2-0.5), "
                "faces at another resolution (28px), or both (quest2-28px)"
            )
        if word in test_sets:
            raise ConfigError(f"tests: {word} is named twice")
        side = int(match["side"]) if match["side"] else None
        if side is not None and side < 4:
            raise ConfigError(f"tests: {word}: must be at least 4 pixels")
        occlusion = _occluder(match["name"], match["scale"], own_occluder) if match["name"] else None
        test_sets[word] = TestSet(occlusion, side)
    return test_sets


def _occluder(name: str, scale: str | None, own_occluder: OcclusionConfig) -> OcclusionConfig:
    if name == own_occluder.name:
        occlusion = own_occluder
    else:
        occlusion = load_option("occlusion", name, SCHEMAS, OcclusionConfig, {}, "tests")
    own, size = own_occluder, float(scale) if scale else occlusion.scale
    return replace(occlusion, missing=own.missing, fill=own.fill, scale=size)
