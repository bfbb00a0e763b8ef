"""How much of a sweep of nine short runs is not training: what nine runs of no epochs at all would take."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Row, tree_seconds

JOBS = ("data=normal,occluded,mixed", "seed=0,1,2")
EPOCHS = 12  # of a short run: the default
FEW, MORE = 1, 4  # epochs that are measured


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        draw_faces(Path(scratch) / "warm")
        few, more = (sweep(Path(scratch) / str(epochs), epochs) for epochs in (FEW, MORE))
    epoch = (more - few) / (MORE - FEW)
    rest = few - FEW * epoch
    share = 100 * rest / (rest + EPOCHS * epoch)
    note = f"{rest:.3g} s beside {EPOCHS} epochs of {epoch:.3g} s, of nine runs together"
    yield Row("sweep of nine short runs, what is not training", "-", share, 10, "%", False, note)


def draw_faces(folder: Path) -> None:
    """Fill the cache, by the shortest run."""
    words = [f"tracking.uri=sqlite:///{folder}/mlflow.db", f"hydra.run.dir={folder}/out"]
    folder.mkdir()
    tree_seconds([sys.executable, "-m", "fer_exp", "train", "epochs=1", *words])


def sweep(folder: Path, epochs: int) -> float:
    words = [f"epochs={epochs}", f"tracking.uri=sqlite:///{folder}/mlflow.db", f"hydra.sweep.dir={folder}/out"]
    folder.mkdir()
    return tree_seconds([sys.executable, "-m", "fer_exp", "train", "-m", *JOBS, *words])
