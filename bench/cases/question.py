"""The whole question, three variants and their matrix: as a sweep, and as study A did, three `fit`s on copied faces.

Both train two epochs from the same weights, on the same faces in the same order, with augmentation off; the accuracies
after the last epoch must agree.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from bench.measure import Row, faster, tree_seconds

from fer_exp.config.dataset import SyntheticConfig
from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.datasets import load
from fer_exp.inputs.variants import alternate
from fer_exp.occlusion.placement import place_occluder
from fer_exp.tracking import open_store, training_runs

VARIANTS = ("normal", "occluded", "mixed")
CLASSES = 8
SAME = 1e-3  # by which the accuracies of both ways may differ
# stage -> training and test faces, side in pixels, words of the model
QUESTIONS = {
    "the whole question, ResNet50 at 224 px, conv5 training": (
        (128, 64, 224),
        ("model=resnet50", "model.weights=null", "optimizer=sgd", "optimizer.learning_rate=1e-4", "batch_size=16"),
    ),
    "the whole question, mini-Xception, its head training": (
        (1600, 800, 64),
        ("model=mini_xception", "model.weights=null", "model.finetune=none", "batch_size=32"),
    ),
}
COMMON = ("augmentation=none", "class_weights=none", "epochs=2", "dataset=image_folder")


def rows() -> Iterator[Row]:
    for stage, (numbers, words) in QUESTIONS.items():
        with tempfile.TemporaryDirectory() as scratch:
            yield ask(Path(scratch), stage, *numbers, words)


def ask(folder: Path, stage: str, n_train: int, n_test: int, size: int, model: tuple[str, ...]) -> Row:
    write_copies(folder, n_train, n_test, size)
    words = [*COMMON, *model, f"dataset.root={folder}/normal", f"dataset.landmarks={folder}/landmarks.npz"]
    own = [f"tracking.uri=sqlite:///{folder}/mlflow.db", f"hydra.sweep.dir={folder}/out"]
    command = [sys.executable, "-m", "fer_exp", "train", "-m", f"data={','.join(VARIANTS)}", *words, *own]
    seconds = tree_seconds(command)
    plain = tree_seconds([sys.executable, "-m", "bench.study_a", str(folder), *words])
    runs = training_runs(open_store(f"sqlite:///{folder}/mlflow.db", "fer-exp"))
    ours = {(r.data.params["data"], t): r.data.metrics[f"last/{t}"] for r in runs for t in VARIANTS}
    theirs = json.loads((folder / "accuracies.json").read_text())
    apart = max(abs(ours[v, t] - theirs[v][t]) for v in VARIANTS for t in VARIANTS)
    if apart > SAME:
        raise RuntimeError(f"{stage}: the accuracies differ by {apart:.4f}")
    return faster(stage, "three `fit`s on copied faces, nine `evaluate`", seconds, plain, 2)


def write_copies(folder: Path, n_train: int, n_test: int, size: int) -> None:
    """Write built-in faces (normal/), their covered copies (occluded/), landmarks, and who is covered in mixed."""
    faces = load(SyntheticConfig("synthetic", n_train=n_train, n_test=n_test, size=size), size=size, workers=2)
    placement = place_occluder(faces.landmarks, faces.sizes, HeadsetConfig("quest2", "headset"))
    every = np.arange(len(faces))
    names = [f"{faces.parts[row]}/{faces.classes[faces.labels[row]]}/{row:05d}.png" for row in every]
    uncovered = np.ascontiguousarray(faces.pixels[every])
    covered = placement.paint(uncovered.copy(), every, np.ones(len(faces), bool))
    for copy, pictures in (("normal", uncovered), ("occluded", covered)):
        for name, picture in zip(names, pictures, strict=True):
            (folder / copy / name).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / copy / name), picture[..., ::-1])
    assert faces.landmarks is not None
    np.savez(folder / "landmarks.npz", path=np.array(names), landmarks=faces.landmarks)
    order = sorted(row for row in every.tolist() if faces.parts[row] == "test")
    names_of = sorted(faces.classes)
    labels = np.array([names_of.index(faces.classes[faces.labels[row]]) for row in order])
    by_name = np.argsort(labels, kind="stable")  # as Keras reads the folders
    np.save(folder / "mixed.npy", alternate(labels[by_name]))
