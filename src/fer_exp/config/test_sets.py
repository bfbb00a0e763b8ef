"""Further test sets, in words: another occluder, another size of one, another resolution."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer_exp.config.occlusion import SCHEMAS, OcclusionConfig
from fer_exp.errors import ConfigError
from fer_exp.system.paths import CONF

WORD = re.compile(r"(?:(?P<name>[a-z]\w*?)(?:-(?P<scale>\d+(?:\.\d+)?))?)?(?:(?:^|-)(?P<side>\d+)px)?")
OWN = ("normal", "occluded", "mixed")  # names of the test sets that every run has


@dataclass(frozen=True)
class TestSet:
    """All test faces once more: what they wear (None: nothing), and their shorter side in pixels (None: their own)."""

    __test__ = False  # no test case of pytest's

    occlusion: OcclusionConfig | None
    degrade: int | None


def further_test_sets(words: Sequence[str], own: OcclusionConfig) -> dict[str, TestSet]:
    """The test sets that words name, in their order.

    `sunglasses`: an option of conf/occlusion; `quest2-0.5`: its size (occlusion.scale); `28px`: uncovered faces of
    that resolution; `quest2-28px`, `quest2-0.5-28px`: both. The run's own occluder keeps all its other keys, and a
    test set without a resolution has the run's own.

    Raises:
        ConfigError: a word is none of these, or is there twice.
    """
    found: dict[str, TestSet] = {}
    for word in map(str, words):
        match = WORD.fullmatch(word)
        if not word or not match or word in OWN:
            raise ConfigError(
                f"tests: {word!r} is no test set; an occluder (sunglasses), one at another size (quest2-0.5), "
                "faces at another resolution (28px), or both (quest2-28px)"
            )
        if word in found:
            raise ConfigError(f"tests: {word} is there twice")
        side = int(match["side"]) if match["side"] else None
        if side is not None and side < 4:
            raise ConfigError(f"tests: {word}: at least 4 pixels")
        occlusion = _occluder(match["name"], match["scale"], own) if match["name"] else None
        found[word] = TestSet(occlusion, side)
    return found


def _occluder(name: str, scale: str | None, own: OcclusionConfig) -> OcclusionConfig:
    known = sorted(file.stem for file in (CONF / "occlusion").glob("*.yaml"))
    if name == own.name:
        chosen = own
    elif name in known:
        content = OmegaConf.load(CONF / "occlusion" / f"{name}.yaml")
        content.pop("defaults", None)
        schema = SCHEMAS.get(content.get("kind"), OcclusionConfig)
        try:
            chosen = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema), content))
        except OmegaConfBaseException as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"tests: conf/occlusion/{name}.yaml does not stand alone: {reason}") from error
    else:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"tests: {name} is no occluder; one of {', '.join(known)}{hint}")
    return replace(chosen, missing=own.missing, scale=float(scale) if scale else chosen.scale)
