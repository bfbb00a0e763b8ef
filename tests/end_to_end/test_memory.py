"""Memory stays bounded for datasets that are larger than it: pictures are read when they are needed, and let go.

A process that may take no more than so many megabytes beyond what it has (RLIMIT_DATA) reads a dataset of several times
that size.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from trees import csv_pixels

LIMITED = """
import os, resource
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])  # what is under way at once grows with the cores
def limit(megabytes):
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmData")]
    most = int(line.split()[1]) * 2**10 + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
"""
READ = """
import sys
import pandas
from fer_exp.datasets import fer2013, load
from fer_exp.config.dataset import Fer2013Config
cfg = Fer2013Config(name="fer2013", root=sys.argv[1])
limit(int(sys.argv[2]))
built = load(cfg, size=48, workers=2)
again = load(cfg, size=48, workers=2)
cfg.limit = 20_000
some = load(cfg, size=48, workers=2)
print(len(built), len(again), len(some))
"""
TRAIN = """
import sys
import keras
import numpy as np
from fer_exp.datasets import image_folder, load
from fer_exp.config.dataset import FolderConfig
from fer_exp.evaluation.predictions import predict
from fer_exp.inputs.batches import EpochSampler, batches
from fer_exp.occlusion.placement import place_occluder
from fer_exp.config.occlusion import HeadsetConfig, Missing
from fer_exp.inputs.source import Source
from fer_exp.inputs.variants import build_samples
SIZE, BATCH = 224, 32
layers = [keras.layers.AveragePooling2D(32), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), *layers])
model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)

def run(few):
    cfg = FolderConfig(name="image_folder", root=sys.argv[1], limit=few)
    faces = load(cfg, size=SIZE, workers=2)
    quest2 = HeadsetConfig(name="quest2", kind="headset", missing=Missing.frame)
    source = Source(faces, place_occluder(None, faces.sizes, quest2), SIZE, 3)
    rows, test = faces.rows("train"), faces.rows("test")
    pictures = build_samples("mixed", rows, faces.labels[rows])
    order = EpochSampler(faces.labels[pictures.rows], 0)
    model.fit(batches(source, pictures, BATCH, order), shuffle=False, verbose=0)
    return len(pictures), len(predict({1: model}, source, test, BATCH)[1].to_table())

run(BATCH)  # threads and graphs are made
limit(int(sys.argv[2]))
print(*run(None))
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_DATA as Linux counts it")


def child(code, *words):
    command = [sys.executable, "-c", LIMITED + code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-3000:]}"
    return done.stdout


def large_tree(root, sides, n):
    """`n` training and `n` test pictures of these sides: 24 files under many names."""
    (root / "other").mkdir(parents=True)
    for i in range(24):
        noise = np.random.default_rng(i).integers(0, 256, (12, 12, 3), dtype=np.uint8)
        side = sides[i % len(sides)]
        Image.fromarray(noise).resize((side, side)).save(root / f"other/{i}.jpg", quality=85)
    for part in ("train", "test"):
        for i in range(n):
            folder = root / "faces" / part / "abc"[i % 3]
            folder.mkdir(parents=True, exist_ok=True)
            os.link(root / f"other/{i % 24}.jpg", folder / f"{i}.jpg")
    return root / "faces"


@linux
@pytest.mark.slow
@pytest.mark.parametrize("sides", [[900], [400, 700, 800]], ids=["one size", "several sizes"])
def test_a_dataset_larger_than_memory_is_trained_on_and_tested(tmp_path, sides):
    n, megabytes = 320, 320
    decoded = 2 * n * np.mean(np.square(sides)) * 3 / 2**20
    assert decoded > 2 * megabytes
    root = large_tree(tmp_path, sides, n)
    assert child(TRAIN, root, megabytes).split() == ["640", "320"]


@linux
@pytest.mark.slow
def test_a_csv_larger_than_memory_is_read(tmp_path):
    n, megabytes = 30_000, 56
    texts = [csv_pixels(seed) for seed in range(50)]
    with (tmp_path / "fer2013.csv").open("w") as file:
        file.write("emotion,pixels,Usage\n")
        for i in range(n):  # as no reader wishes: test faces among the others
            file.write(f"{i % 7},{texts[i % 50]},{'PrivateTest' if i % 10 == 9 else 'Training'}\n")
    assert child(READ, tmp_path, megabytes).split() == ["30000", "30000", "23000"]  # of each part 20 000 at most
