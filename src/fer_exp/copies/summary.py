"""The run that says what a copy holds, with pictures to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from fer_exp import tracking
from fer_exp.config.dataset import AUTO
from fer_exp.copies import manifest
from fer_exp.datasets import images as pictures
from fer_exp.reports import figures
from fer_exp.reports import run as report
from fer_exp.reports.landmark_sheet import sheet as found_sheet
from fer_exp.reports.tables import markdown
from fer_exp.system.paths import ROOT
from fer_exp.tracking import provenance

if TYPE_CHECKING:
    from fer_exp.config.commands import OccludeConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.occlusion.placement import Cover
    from fer_exp.reports.figures import Figure

SHOWN = 8  # pictures in a row of the contact sheet
SIDE = 128  # pixels of each


def summarise(
    cfg: OccludeConfig, faces: Faces, placed: Cover | None, table: pd.DataFrame, output: Path, speed: float
) -> str:
    """Log counts, what is missing, manifest and contact sheet; returns the run's id.

    Args:
        cfg: what was asked for.
        faces: the table that was copied.
        placed: what covers it.
        table: the manifest.
        output: the copy's folder.
        speed: pictures per second, all included.
    """
    place = tracking.open_place(cfg.tracking.uri, cfg.tracking.experiment, must_answer=False)
    tags = {"kind": "copy", "dataset.fingerprint": faces.fingerprint, "output": str(output)}
    tags |= {"mlflow.source.name": "occlude.py", "mlflow.source.type": "LOCAL"}
    tags |= {"synthetic": "true"} if faces.synthetic else {}
    name = f"occlude-{faces.name}-{cfg.variant}"
    tags |= provenance.git(ROOT) | provenance.versions() | provenance.machine()
    with tracking.Recorder.new(place, name, tags) as run:
        _record(run, cfg, faces, table, output, speed)
        if placed is not None and (cfg.images or cfg.dataset.landmarks == AUTO):
            run.figure(found_sheet(faces, placed, cfg.workers or 1), "landmarks.png")
    report.say_where(run)
    return run.id


def _record(
    run: tracking.Recorder, cfg: OccludeConfig, faces: Faces, table: pd.DataFrame, output: Path, speed: float
) -> None:
    asked = {"dataset": faces.name, "variant": cfg.variant, "quality": cfg.quality, "output": str(output)}
    if cfg.variant != "normal":
        worn = OmegaConf.to_container(OmegaConf.structured(cfg.occlusion), enum_to_str=True)
        asked |= {"occlusion": worn.pop("name")} | {f"occlusion.{key}": value for key, value in worn.items()}
    run.parameters(asked)
    written = table[table["outcome"] == manifest.WRITTEN]
    covered = written[written["covered"] == "yes"]
    counts = {
        "pictures": len(written),
        "covered": len(covered),
        "without_landmarks": int((covered["landmarks"] != "own").sum()),
        "failed": int(table["outcome"].str.startswith("failed").sum()),
        "left_out": int(table["outcome"].str.startswith("left out").sum()),
        "pictures_per_second": round(speed, 1),
    }
    run.metrics({key: float(value) for key, value in counts.items()})
    lines = [[key.replace("_", " "), f"{value:g}"] for key, value in counts.items()]
    run.tags({"mlflow.note.content": markdown([run.name, ""], lines)})
    run.file(output / manifest.FILE)
    if len(lost := table[table["outcome"] != manifest.WRITTEN]):
        shown = lost[["source", "class", "outcome"]].map(lambda text: text.encode(errors="replace").decode())
        run.table(shown, "left_out.json")
    if len(covered):
        run.figure(sheet(output, covered, f"{faces.name} covered by {cfg.occlusion.name}"), "contact_sheet.png")


def sheet(output: Path, covered: pd.DataFrame, title: str) -> Figure:
    """Covered pictures as they lie in the copy: at random, the least and the most covered, those with a lent bar."""
    own = covered[covered["landmarks"] == "own"].sort_values("covered_share", kind="stable")
    rows = {
        "random": covered.sample(min(SHOWN, len(covered)), random_state=0),
        "least covered": own.head(SHOWN),
        "most covered": own.tail(SHOWN),
        "lent landmarks": covered[covered["landmarks"] != "own"].head(SHOWN),
    }
    pictures = {name: [_thumbnail(output / path) for path in found["path"]] for name, found in rows.items()}
    return figures.samples(list(rows), pictures, title)


def _thumbnail(file: Path) -> np.ndarray:
    image = pictures.decoded(file.read_bytes())
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
