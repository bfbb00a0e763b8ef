"""Stored runs' networks, asked about every face of a source."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_exp import tracking
from fer_exp.config.live import View
from fer_exp.datasets import images
from fer_exp.errors import UserError
from fer_exp.landmarks import detect
from fer_exp.landmarks.video import FaceFinder
from fer_exp.live import crop
from fer_exp.live.chain import Chain
from fer_exp.live.loop import KEYS, Loop
from fer_exp.live.networks import Network
from fer_exp.live.outputs import open_output
from fer_exp.system import atomic
from fer_exp.system.workers import worker_count
from fer_exp.training.checkpoints import load

if TYPE_CHECKING:
    from fer_exp.commands.question import Asked
    from fer_exp.config.live import LiveConfig
    from fer_exp.config.train import TrainConfig
    from fer_exp.live.page import Page
    from fer_exp.live.sources import Newest, Source
    from fer_exp.live.window import Window

log = logging.getLogger(__name__)

CROP = "data/crop.json"  # the artifact that says how the training pictures were cropped


def show(cfg: LiveConfig, asked: dict[str, Asked], source: Source, camera: Newest | None, folder: Path) -> None:
    """Look at a source until it ends or somebody leaves, and say what was seen.

    Args:
        cfg: how.
        asked: stored runs, by what their answers are called.
        source: where frames come from.
        camera: what a page's own camera is put into, if that is the source.
        folder: for frames that somebody wants to keep.

    Raises:
        UserError: the source was lost, an output cannot be written, or the port is taken.
    """
    with ExitStack() as stack:
        finder = FaceFinder()
        networks = [open_network(cfg, title, of_run, finder) for title, of_run in asked.items()]
        view = open_view(cfg, camera, stack)
        chain = Chain(finder, networks, cfg.smoothing if source.live else 0.0, cfg.most_faces)
        outputs = [stack.enter_context(open_output(name, source, networks)) for name in cfg.output]
        loop = Loop(source, chain, networks[0].occlusion, view, outputs, cfg.covered, lambda frame: save(folder, frame))
        stack.callback(lambda: print(loop.seen))
        loop.run()
    for name in cfg.output:
        print(f"written {name}")


def open_view(cfg: LiveConfig, camera: Newest | None, stack: ExitStack) -> Window | Page | None:
    """Return where frames are shown, which is closed with the stack; None: nowhere."""
    view: Window | Page
    if cfg.view is View.none:
        return None
    if cfg.view is View.page:
        from fer_exp.live.page import Page

        view = Page(cfg.port, camera)
        print(f"open {view.address} (from elsewhere, first: ssh -L {view.port}:127.0.0.1:{view.port} THIS_MACHINE)")
    else:
        from fer_exp.live.window import Window

        view = Window()
    print("keys: " + ", ".join(f"{key} {what}" for key, what in KEYS.items()), flush=True)
    stack.callback(view.close)
    return view


def open_network(cfg: LiveConfig, title: str, asked: Asked, finder: FaceFinder) -> Network:
    """Return a stored run's network, ready for frames."""
    store, run, trained, files = asked
    with TemporaryDirectory() as scratch:
        (file,) = files.values()
        model = load(tracking.download_artifact(store, run, file, Path(scratch)))
    network = Network(
        title=title,
        name=run.info.run_name,
        classes=tracking.class_names(store, run),
        model=model,
        size=trained.model.size,
        channels=trained.model.channels,
        crop=crop_of(store, run, trained, finder),
        occlusion=cfg.occlusion or trained.occlusion,
        mirror=trained.mirror,
    )
    network.warm_up()
    return network


def crop_of(store: tracking.TrackingStore, run: tracking.Run, trained: TrainConfig, finder: FaceFinder) -> crop.Crop:
    """Return how the training pictures of a run were cropped: as it keeps it, or measured now and kept with it."""
    if CROP in tracking.stored_files(store, run, str(Path(CROP).parent)):
        with TemporaryDirectory() as scratch:
            kept = json.loads(tracking.download_artifact(store, run, CROP, Path(scratch)).read_text())
        return crop.Crop(**kept)
    try:
        faces = detect.load(trained.dataset, size=trained.model.size, workers=worker_count(None))
    except UserError as error:
        log.warning(
            "warning: run %s does not say how its pictures were cropped, and they are not there (%s): faces are "
            "cropped as in FER2013",
            run.info.run_name,
            error,
        )
        return crop.Crop()
    rows = faces.rows("train")
    rows = rows[np.linspace(0, len(rows) - 1, min(crop.PICTURES, len(rows))).astype(int)]
    found = crop.measure([images.read(faces, row) for row in rows.tolist()], finder)
    if found is None:
        log.warning("warning: hardly a face is found in the training pictures: faces are cropped as in FER2013")
        return crop.Crop()
    with tracking.Recorder.for_finished(store, run) as recorder:
        recorder.log_text(json.dumps(found._asdict()), CROP)
    return found


def save(folder: Path, frame: np.ndarray) -> Path:
    """Write a frame as the next picture of a folder, and return its path."""
    path = folder / f"frame-{1 + len(list(folder.glob('frame-*.png'))):03d}.png"
    atomic.write(path, cv2.imencode(".png", frame)[1].tobytes())
    return path
