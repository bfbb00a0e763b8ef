"""What frozen layers save: python bench/backbone.py [--size 197] [--batch 16].

ResNet50 with study A's head, three ways in one process: all layers learn (the reference), conv5 and the head learn
(finetune=part), the head alone learns from cached features (finetune=none). Prints the seconds until the first step is
done, the seconds per later step, the optimizer's memory, and the ratios. Seen on two busy cores: a step of conv5 and
head 0.27 of the reference, of the head alone 0.004; the first step after 25, 6 and 0.4 s.
"""

from __future__ import annotations

import argparse
import time

import keras
import numpy as np

from fer_exp import models
from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.model import Finetune, HeadConfig, VGGFaceConfig

STEPS = 5


def measure(model: keras.Model, inputs: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    """Return the seconds of the first step (with compilation) and of the fastest later one, MB of optimizer state."""
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", jit_compile=False)
    start = time.perf_counter()
    model.train_on_batch(inputs, labels)
    first = time.perf_counter() - start
    later = []
    for _ in range(STEPS):
        start = time.perf_counter()
        model.train_on_batch(inputs, labels)
        later.append(time.perf_counter() - start)
    return first, min(later), sum(v.size * 4 for v in map(np.asarray, model.optimizer.variables)) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=197, help="height and width of a picture in pixels")
    parser.add_argument("--batch", type=int, default=16, help="pictures per step")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0, 255, (args.batch, args.size, args.size, 3)).astype("float32")
    labels = rng.integers(0, 8, args.batch)
    results = {}
    for name, finetune in (("all layers", Finetune.all), ("conv5 and head", Finetune.part), ("head", Finetune.none)):
        start = time.perf_counter()
        cfg = VGGFaceConfig(
            name="resnet50",
            kind="vggface",
            backbone="resnet50",
            size=args.size,
            finetune=finetune,
            head=HeadConfig([1024]),
        )
        base = models.backbone(cfg, None)
        model = models.build(cfg, AugmentationConfig(name="none"), 8, base)
        built = time.perf_counter() - start
        if finetune is Finetune.none:
            results[name] = (built, *measure(models.head_of(model), base.predict_on_batch(pictures), labels))
        else:
            results[name] = (built, *measure(model, pictures, labels))
        keras.backend.clear_session()
    reference = results["all layers"]
    print(f"{'learns':<16}{'built':>8}{'first step':>12}{'step':>9}{'optimizer':>12}   of the reference")
    for name, (built, first, step, memory) in results.items():
        ratios = f"step x {step / reference[2]:.4f}, memory x {memory / reference[3]:.3f}"
        print(f"{name:<16}{built:>6.1f} s{first:>10.1f} s{step:>7.3f} s{memory:>9.0f} MB   {ratios}")


if __name__ == "__main__":
    main()
