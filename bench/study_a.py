"""The reference way of bench/cases/question.py: python -m bench.study_a FOLDER WORDS..., with copied faces in FOLDER.

Plain Keras: pictures from `image_dataset_from_directory`, a `fit` for each variant, an `evaluate` on each test set. Of
this package it takes the network with its weights, the split and the order of an epoch, so that the accuracies compare.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
from hydra import compose, initialize_config_dir

from fer_exp import models
from fer_exp.config.compose import validate
from fer_exp.config.register import register
from fer_exp.config.train import TrainConfig
from fer_exp.datasets import load
from fer_exp.inputs.batches import EpochSampler
from fer_exp.inputs.split import Split, draw_split
from fer_exp.inputs.variants import Samples
from fer_exp.system.paths import CONF
from fer_exp.training.fit import seed_everything
from fer_exp.training.optimizers import build

VARIANTS = ("normal", "occluded", "mixed")


def main() -> None:
    folder, words = Path(sys.argv[1]), sys.argv[2:]
    register()
    accuracies = {}
    for variant in VARIANTS:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            cfg = validate(compose("train", overrides=[*words, f"data={variant}"]))
        accuracies[variant] = train(folder, cfg, variant)
    (folder / "accuracies.json").write_text(json.dumps(accuracies))


def train(folder: Path, cfg: TrainConfig, variant: str) -> dict[str, float]:
    """Train on one variant; return the accuracy on each test set."""
    pictures = {(copy, part): read(folder / copy / part, cfg) for copy in VARIANTS[:2] for part in ("train", "test")}
    faces = load(cfg.dataset, size=cfg.model.size, workers=1)
    split = draw_split(faces, faces.rows("train"), variant, cfg.split.validation, cfg.split.by, cfg.seed)
    labels = faces.labels[faces.rows("train")]
    seed_everything(cfg.seed, cfg.deterministic, cfg.mixed_precision)
    network = models.build(cfg.model, cfg.augmentation, len(faces.classes), models.backbone(cfg.model, None))
    network.compile(build(cfg.optimizer, 1), "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    fit(network, cfg, split, labels, pictures["normal", "train"], pictures["occluded", "train"])
    normal, covered = pictures["normal", "test"], pictures["occluded", "test"]
    mixed = np.load(folder / "mixed.npy", allow_pickle=False)[:, None, None, None]
    tests = {"normal": normal, "occluded": covered, "mixed": np.where(mixed, covered, normal)}
    truth = faces.labels[faces.rows("test")]
    return {name: float(network.evaluate(x, truth, batch_size=64, verbose=0)[1]) for name, x in tests.items()}


def fit(
    network: keras.Model, cfg: TrainConfig, split: Split, labels: np.ndarray, normal: np.ndarray, covered: np.ndarray
) -> None:
    """Fit epoch by epoch, each in its own order; every epoch is validated."""

    def of(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
        chosen = samples.covered[:, None, None, None]
        return np.where(chosen, covered[samples.rows], normal[samples.rows]), labels[samples.rows]

    x, y = of(split.train)
    order = EpochSampler(y, cfg.seed, cfg.resample)
    for order.epoch in range(1, cfg.epochs + 1):
        chosen = order()
        network.fit(
            x[chosen],
            y[chosen],
            batch_size=cfg.batch_size,
            shuffle=False,
            verbose=0,
            validation_data=of(split.validation),
        )


def read(folder: Path, cfg: TrainConfig) -> np.ndarray:
    """Return the pictures of a folder per class, in Keras's order, (n, size, size, channels) float32."""
    mode = "grayscale" if cfg.model.channels == 1 else "rgb"
    size = (cfg.model.size, cfg.model.size)
    data = keras.utils.image_dataset_from_directory(folder, color_mode=mode, image_size=size, shuffle=False)
    return np.concatenate([images for images, _ in data.as_numpy_iterator()])


if __name__ == "__main__":
    main()
