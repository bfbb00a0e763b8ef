"""How long a run takes to its first step, and a run that hardly trains to its end, beside the libraries themselves."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from bench.measure import Row, slower, tree_seconds

from fer_exp.config.dataset import SyntheticConfig
from fer_exp.datasets import load

ROUNDS = 3
IMPORTS = "import tensorflow, mlflow, hydra"
# both end after the first step, and print their CPU seconds
OURS = """
import os, sys, time
from fer_exp.commands import train
from importlib import import_module
class Hook:
    def find_spec(self, name, path=None, target=None):
        if name == "fer_exp.commands.continuation":
            sys.meta_path.remove(self)
            callbacks = import_module("fer_exp.training.callbacks")
            callbacks.AfterFirstStep.on_train_batch_end = end
sys.meta_path.insert(0, Hook())
def end(*_, **__):
    print("seconds", time.process_time(), flush=True)
    os._exit(0)
train.main(sys.argv[1:])
"""
PLAIN = """
import os, sys, time
import keras, numpy as np
layers = keras.layers
keras.utils.set_random_seed(0)
with np.load(sys.argv[1]) as file:
    pictures, labels = file["pictures"].astype("float32"), file["labels"]
model = keras.Sequential([keras.Input((64, 64, 3)), layers.RandomFlip("horizontal"), layers.RandomRotation(0.05),
    layers.RandomTranslation(0.05, 0.05), layers.Rescaling(1 / 255)])
for filters in (16, 32, 48, 64):
    model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization())
    model.add(layers.ReLU())
    model.add(layers.MaxPooling2D())
for layer in (layers.GlobalAveragePooling2D(), layers.Dropout(0.2), layers.Dense(8, activation="softmax")):
    model.add(layer)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
class End(keras.callbacks.Callback):
    def on_train_batch_end(self, *_, **__):
        print("seconds", time.process_time(), flush=True)
        os._exit(0)
model.fit(pictures, labels, batch_size=32, callbacks=[End()], verbose=0)
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        words = [f"tracking.uri=sqlite:///{folder}/mlflow.db", f"hydra.run.dir={folder}/out"]
        faces = load(SyntheticConfig("synthetic", n_train=4000, n_test=800), size=64, workers=2)
        train = faces.rows("train")
        np.savez(folder / "faces.npz", pictures=faces.pixels[train], labels=faces.labels[train])
        smoke = [sys.executable, "-m", "fer_exp", "train", "experiment=smoke", *words]
        tree_seconds(smoke)  # the database and the caches are there, as from the second run on
        ours = median(first_step(OURS, *words) for _ in range(ROUNDS))
        plain = median(first_step(PLAIN, str(folder / "faces.npz")) for _ in range(ROUNDS))
        yield slower("from the command to the first step", "plain Keras, pictures in memory", ours, plain, 1.4)
        whole = median(tree_seconds(smoke) for _ in range(ROUNDS))
        imports = median(tree_seconds([sys.executable, "-c", IMPORTS]) for _ in range(ROUNDS))
        yield slower("`experiment=smoke`", "import of tensorflow, mlflow and hydra", whole, imports, 1.5)


def first_step(code: str, *words: str) -> float:
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("seconds ")]
    if not lines:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return float(lines[0].split()[1])
