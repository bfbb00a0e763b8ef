"""The typed schema of live.py: conf/live.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from omegaconf import MISSING

from fer_exp.config.occlusion import OcclusionConfig
from fer_exp.config.tracking import TrackingConfig
from fer_exp.errors import ConfigError

BROWSER = "browser"  # the source that is the camera of whoever looks at the page
VIDEO, TABLE = (".mp4", ".avi", ".mkv"), (".csv",)  # what may be written, by ending


class View(Enum):
    """Where frames are shown."""

    window = "window"
    page = "page"
    none = "none"


@dataclass
class LiveConfig:
    """Networks to ask about every face of a source. Each key's meaning stands beside its default in conf/live.yaml."""

    run: str = MISSING
    gender_run: str | None = None
    compare_run: str | None = None
    checkpoint: str = "best"
    source: str = "0"
    view: View | None = None
    port: int = 8000
    output: list[str] = field(default_factory=list)
    occlusion: OcclusionConfig | None = None
    covered: bool = False
    smoothing: float = 0.5
    most_faces: int = 16
    tracking: TrackingConfig = field(default_factory=TrackingConfig)

    def __post_init__(self) -> None:
        endings = [Path(file).suffix.lower() for file in self.output]
        for file, ending in zip(self.output, endings, strict=True):
            if ending not in VIDEO + TABLE:
                raise ConfigError(f"output={file}: must end in {', '.join(VIDEO)} for a video or .csv for a table")
        if len({ending in TABLE for ending in endings}) < len(endings):
            raise ConfigError(f"output={','.join(self.output)}: one video and one table at most")
        for file in self.output:
            if Path(file).expanduser().resolve() == Path(self.source).expanduser().resolve():
                raise ConfigError(f"output={file}: is the source, which is never changed; choose another name")
        if not re.fullmatch(r"best|last|[1-9]\d*", self.checkpoint):
            raise ConfigError(f"checkpoint={self.checkpoint}: must be best, last or the number of an epoch (1, 2, ...)")
        if not 0 <= self.smoothing <= 60:
            raise ConfigError(f"smoothing={self.smoothing}: must be 0 (none) to 60 seconds")
        if not 1 <= self.most_faces <= 100:
            raise ConfigError(f"most_faces={self.most_faces}: must be 1 to 100")
        if not 1 <= self.port <= 65535:
            raise ConfigError(f"port={self.port}: must be 1 to 65535")
        if self.source == BROWSER and self.view not in (None, View.page):
            raise ConfigError(f"source={BROWSER} needs view=page: the camera is that of whoever looks at the page")
        if self.view is None:
            self.view = View.page if self.source == BROWSER else View.none if self.output else View.window
        if self.view is View.none and not self.output:
            raise ConfigError("view=none needs output=FILE.mp4, output=FILE.csv or both: output=[FILE.mp4,FILE.csv]")
