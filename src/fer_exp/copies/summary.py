"""The run that describes a copy, with pictures to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd

from fer_exp import tracking
from fer_exp.config.dataset import AUTO
from fer_exp.copies import manifest
from fer_exp.copies.folder import occluder_settings
from fer_exp.datasets import images
from fer_exp.reports import figures
from fer_exp.reports.landmark_sheet import draw_landmark_sheet
from fer_exp.reports.run_report import print_run_links
from fer_exp.reports.tables import escape_markdown, markdown_table
from fer_exp.tracking import provenance

if TYPE_CHECKING:
    from fer_exp.config.commands import OccludeConfig
    from fer_exp.datasets.faces import Faces
    from fer_exp.occlusion.placement import Placement
    from fer_exp.reports.figures import Figure

SHOWN = 8  # pictures in a row of the contact sheet
SIDE = 128  # pixels of each


def summarise(
    cfg: OccludeConfig, faces: Faces, placement: Placement | None, table: pd.DataFrame, output: Path, speed: float
) -> str:
    """Log counts, what is missing, manifest and contact sheet; return the run's id.

    Args:
        cfg: what was asked for.
        faces: the table that was copied.
        placement: where the occluder lies; None where nothing is covered.
        table: the manifest.
        output: the copy's folder.
        speed: pictures per second, everything included.
    """
    store = tracking.open_store(cfg.tracking.uri, cfg.tracking.experiment, must_answer=False)
    tags = {"kind": "copy", "dataset.fingerprint": faces.fingerprint, "output": str(output)}
    tags |= {"mlflow.source.name": "occlude.py", "mlflow.source.type": "LOCAL"}
    tags |= {"synthetic": "true"} if faces.synthetic else {}
    name = f"occlude-{faces.name}-{cfg.variant}"
    tags |= provenance.git() | provenance.versions() | provenance.machine()
    with tracking.Recorder.new(store, name, tags) as run:
        _record(run, cfg, faces, table, output, speed)
        if placement is not None and (cfg.dataset is None or cfg.dataset.landmarks == AUTO):
            run.log_figure(draw_landmark_sheet(faces, placement, cfg.workers or 1), "landmarks.png")
    print_run_links(run)
    return run.id


def _record(
    run: tracking.Recorder, cfg: OccludeConfig, faces: Faces, table: pd.DataFrame, output: Path, speed: float
) -> None:
    params = {"dataset": faces.name, "variant": cfg.variant, "quality": cfg.quality, "output": str(output)}
    if cfg.variant != "normal":
        occluder = occluder_settings(cfg.occlusion)
        params |= {"occlusion": occluder.pop("name")} | {f"occlusion.{key}": value for key, value in occluder.items()}
    run.log_params(params)
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
    run.log_metrics({key: float(value) for key, value in counts.items()})
    lines = [[key.replace("_", " "), f"{value:g}"] for key, value in counts.items()]
    run.set_tags({"mlflow.note.content": markdown_table([escape_markdown(run.name), ""], lines)})
    run.log_artifact(output / manifest.FILE)
    if len(missing := table[table["outcome"] != manifest.WRITTEN]):
        shown = missing[["source", "class", "outcome"]].map(lambda text: text.encode(errors="replace").decode())
        run.log_table(shown, "left_out.json")
    if len(covered):
        title = f"{faces.name} covered by {cfg.occlusion.name}"
        run.log_figure(draw_contact_sheet(output, covered, title), "contact_sheet.png")


def draw_contact_sheet(output: Path, covered: pd.DataFrame, title: str) -> Figure:
    """Draw pictures of the copy: random ones, the least and the most covered, and those with lent landmarks."""
    by_share = covered[covered["landmarks"] == "own"].sort_values("covered_share", kind="stable")
    groups = {
        "random": covered.sample(min(SHOWN, len(covered)), random_state=0),
        "least covered": by_share.head(SHOWN),
        "most covered": by_share.tail(SHOWN),
        "lent landmarks": covered[covered["landmarks"] != "own"].head(SHOWN),
    }
    pictures = {name: [_thumbnail(output / path) for path in rows["path"]] for name, rows in groups.items()}
    return figures.samples(list(groups), pictures, title)


def _thumbnail(file: Path) -> np.ndarray:
    image = images.decode(file.read_bytes())
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    thumbnail: np.ndarray = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return thumbnail
