"""The typed schema of conf/dataset/*.yaml. It imports nothing heavy."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from omegaconf import MISSING

from fer_exp.errors import ConfigError

AUTO = "auto"  # as dataset.landmarks: fer_exp.landmarks finds them


class OnBad(Enum):
    """What happens to faces that cannot be used."""

    fail = "fail"
    skip = "skip"


class Duplicates(Enum):
    """What happens to training faces that stand in the test part as well, exactly or nearly."""

    report = "report"
    exclude = "exclude"


@dataclass
class DatasetConfig:
    """Keys that every dataset has. `name` is the module in fer_exp.datasets that reads it."""

    name: str = MISSING
    root: str | None = None
    landmarks: str | None = None
    classes: list[str] | None = None
    rename: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    degrade: int | None = None
    on_bad: OnBad = OnBad.fail
    duplicates: Duplicates = Duplicates.report
    group_pattern: str | None = None
    metadata: str | None = None
    group_column: str | None = None

    def __post_init__(self) -> None:
        if self.degrade is not None and self.degrade < 4:
            raise ConfigError(f"dataset.degrade={self.degrade}: must be at least 4 pixels, or null for all there are")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"dataset.limit={self.limit}: must be at least 1, or null for all faces")
        self._check_groups()
        if self.classes is not None:
            if len(set(self.classes)) != len(self.classes):
                raise ConfigError(f"dataset.classes={self.classes}: names a class twice")
            if len(self.classes) < 2:
                raise ConfigError(f"dataset.classes={self.classes}: must name at least two classes")

    def _check_groups(self) -> None:
        if self.group_column is not None and self.metadata is None:
            raise ConfigError(
                f"dataset.group_column={self.group_column}: a column of which file? Say dataset.metadata=FILE.csv"
            )
        if self.group_pattern is None:
            return
        if self.group_column is not None:
            raise ConfigError(
                f"dataset.group_pattern={self.group_pattern} with dataset.group_column={self.group_column}: both say "
                "who is on a picture; give one"
            )
        try:
            groups = re.compile(self.group_pattern).groups
        except re.error as error:
            raise ConfigError(
                f"dataset.group_pattern={self.group_pattern}: not a regular expression ({error})"
            ) from error
        if not groups:
            raise ConfigError(
                f"dataset.group_pattern={self.group_pattern}: needs a group in round brackets that names who is on the "
                "picture, such as ([^/_]+)_[^/]*$"
            )


@dataclass
class AffectNetConfig(DatasetConfig):
    """AffectNet as distributed or sorted into class folders; position in `classes` = expression code."""


@dataclass
class FolderConfig(DatasetConfig):
    """A folder per class below each part. `test` names the part to test on; null takes the one that is there."""

    test: str | None = None
    test_share: float = 0.2
    test_seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.test_share < 1:
            raise ConfigError(f"dataset.test_share={self.test_share}: must be between 0 and 1")


@dataclass
class Fer2013Config(DatasetConfig):
    """FER2013 as folders or csv. `test` names the part to test on; null takes the only one that is there."""

    test: str | None = None


@dataclass
class EmoHeVRDBConfig(DatasetConfig):
    """EmoHeVRDB as its authors construct it; position in `classes` = code of the expression."""


@dataclass
class SyntheticConfig(DatasetConfig):
    """The built-in faces. `seed` belongs to the faces: no sweep over the run's seed changes them."""

    n_train: int = 4000
    n_test: int = 800
    seed: int = 0
    size: int | None = None
    imbalance: float = 0.5
    intensity: float = 1.3
    spread: float = 0.25
    idle: float = 0.08
    blend: float = 0.1
    pose: float = 0.5
    corruption: float = 1.0
    label_noise: float = 0.06

    def __post_init__(self) -> None:
        super().__post_init__()
        for key, low in (("n_train", 80), ("n_test", 16)):
            if getattr(self, key) < low:
                raise ConfigError(f"dataset.{key}={getattr(self, key)}: must be at least {low}")
        if self.size is not None and not 24 <= self.size <= 512:
            raise ConfigError(f"dataset.size={self.size}: must be 24 to 512 pixels, or null for the model's input size")
        for key, high in (("imbalance", 1), ("label_noise", 0.9), ("blend", 1)):
            if not 0 <= getattr(self, key) <= high:
                raise ConfigError(f"dataset.{key}={getattr(self, key)}: must be between 0 and {high}")
        for key in ("intensity", "spread", "idle", "pose", "corruption"):
            if not 0 <= getattr(self, key) <= 3:
                raise ConfigError(f"dataset.{key}={getattr(self, key)}: must be between 0 and 3")


SCHEMAS: dict[str, type] = {
    "affectnet": AffectNetConfig,
    "emohevrdb": EmoHeVRDBConfig,
    "fer2013": Fer2013Config,
    "image_folder": FolderConfig,
    "synthetic": SyntheticConfig,
}
