"""python -m fer_exp.check dataset=NAME dataset.root=DIR: what is wrong with a dataset, before a night is lost to it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import hydra
import numpy as np
import pandas as pd
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from fer_exp import config, datasets
from fer_exp.datasets.faces import Faces
from fer_exp.datasets.schema import AUTO, OnBad
from fer_exp.errors import DataError
from fer_exp.occlusion import geometry
from fer_exp.problems import problems

SHOWN = 3  # examples of each problem on the terminal
FILE = "problems.csv"


def say(faces: Faces, found: pd.DataFrame) -> None:
    """Counts of faces and of problems on the terminal, with examples."""
    counts = Table(title=f"{faces.name}: {len(faces)} faces that can be used", title_justify="left")
    for name in ("class", "train", "test"):
        counts.add_column(name, no_wrap=True, justify="left" if name == "class" else "right")
    per_part = [faces.counts(faces.rows(part)) for part in ("train", "test")]
    for name, *numbers in zip(faces.classes, *per_part, strict=True):
        counts.add_row(name, *(str(n) if n else "[red]0[/red]" for n in numbers))
    console = Console(width=max(112, Console().width))
    console.print(counts)
    sizes = np.sort(faces.sizes.min(axis=1))
    landmarks = "none" if faces.landmarks is None else f"{geometry.usable(faces.landmarks).sum()} of {len(faces)}"
    print(f"shorter side {sizes[0]} to {sizes[-1]} pixels, median {sizes[len(sizes) // 2]}; landmarks: {landmarks}")
    if not len(found):
        print("no problem found")
        return
    shown = Table(title="problems", title_justify="left")
    for name in ("problem", "faces", "such as"):
        shown.add_column(name, justify="right" if name == "faces" else "left")
    for problem, rows in found.groupby("problem", sort=False):
        examples = "; ".join(f"{r.id}: {r.detail}".removesuffix(": ") for r in rows.head(SHOWN).itertuples())
        shown.add_row(problem, str(len(rows)), examples)
    console.print(shown)


@hydra.main(version_base="1.3", config_path="../../conf", config_name="check")
def job(cfg: DictConfig) -> None:
    """One dataset."""
    with config.reported():
        settings = config.validate(cfg)
        asked = replace(settings.dataset, on_bad=OnBad.skip)
        if asked.landmarks == AUTO:
            asked = replace(asked, landmarks=None)
        faces = datasets.load(asked, size=224, workers=settings.workers or os.cpu_count() or 1)
        found = problems(faces)
        say(faces, found)
        if len(found):
            file = Path(HydraConfig.get().runtime.output_dir) / FILE
            found.to_csv(file, index=False)
            raise DataError(f"{len(found)} problems; {file} lists them all")


if __name__ == "__main__":
    sys.exit(config.main("check", job))
