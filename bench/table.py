"""How long it takes to build a table of faces and to read it back, and how much memory: python bench/table.py -n 20000.

Makes a tree in AffectNet's layout (four .npy per picture) in a temporary folder, and compares with the plain way: one
picture after the other, np.load for its annotations, a full decode. Each step runs in a separate process, so that its
peak memory is its own. Seen on two busy cores with n = 287 651, the size of AffectNet: plain 308 s, built 126 s, read
back 2 to 3 s with 290 MB at most.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]


def write_tree(root: Path, n: int) -> None:
    """Write a dataset of n faces in AffectNet's layout."""
    rng = np.random.default_rng(0)
    landmarks = rng.uniform(0, 224, 136)
    pictures = []
    for _ in range(16):
        noise = rng.integers(0, 255, (14, 14, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(noise).resize((224, 224)).save(file, "JPEG", quality=90)
        pictures.append(file.getvalue())
    for part, count in (("train_set", n - n // 50), ("val_set", n // 50)):
        for kind in ("images", "annotations"):
            (root / part / kind).mkdir(parents=True)
        for i in range(count):
            (root / part / "images" / f"{i}.jpg").write_bytes(pictures[i % 16] + i.to_bytes(4, "little"))
            stem = str(root / part / "annotations" / str(i))
            np.save(f"{stem}_exp.npy", np.array(str(i % 8)))
            np.save(f"{stem}_lnd.npy", landmarks)
            np.save(f"{stem}_val.npy", np.array("0.582298"))
            np.save(f"{stem}_aro.npy", np.array("-0.1"))


def load_table(root: Path, workers: int) -> int:
    """Load the dataset, from the cache where it is there; return the number of faces."""
    from fer_exp import datasets
    from fer_exp.config.dataset import AffectNetConfig

    cfg = AffectNetConfig(name="affectnet", root=str(root), classes=CLASSES)
    return len(datasets.load(cfg, size=224, workers=workers))


def load_plainly(root: Path, workers: int) -> int:
    """Load the dataset picture by picture; return the number of faces."""
    rows = []
    for part in ("train_set", "val_set"):
        for path in sorted((root / part / "images").iterdir()):
            stem = str(root / part / "annotations" / path.stem)
            label, landmarks = int(np.load(f"{stem}_exp.npy").item()), np.load(f"{stem}_lnd.npy")
            size = np.asarray(Image.open(path).convert("RGB")).shape
            rows.append((str(path), label, landmarks, size, hashlib.blake2b(path.read_bytes()).hexdigest()))
    return len(rows)


def measure(step: str, root: Path, workers: int) -> dict:
    """Return the seconds (without imports) and the peak memory in MB of a step in a separate process."""
    command = [sys.executable, __file__, "--step", step, "--root", str(root), "--workers", str(workers)]
    env = {**os.environ, "FER_EXP_CACHE": str(root.parent / "cache")}
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout)


def run_step(step: str, root: Path, workers: int) -> None:
    """Run a step in this process; print what `measure` returns as JSON."""
    import fer_exp.datasets.affectnet  # noqa: F401 - importing is not what is measured

    started = time.perf_counter()
    faces = {"table": load_table, "plain": load_plainly}[step](root, workers)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"faces": faces, "seconds": seconds, "peak": peak}, sys.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=20_000, help="faces")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--step", choices=("table", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        return run_step(args.step, args.root, args.workers)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "affectnet"
        write_tree(root, args.n)
        steps = ("plain", "table built", "table read")
        results = {name: measure(name.split()[0], root, args.workers) for name in steps}
    print(f"{args.n} faces, {args.workers} workers")
    for name, result in results.items():
        ratio = results["plain"]["seconds"] / result["seconds"]
        print(f"{name:12} {result['seconds']:8.2f} s {ratio:8.1f} x as fast as plain {result['peak']:7.0f} MB at most")


if __name__ == "__main__":
    main()
