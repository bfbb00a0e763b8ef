"""Whether intervals and stars keep their promise: python bench/coverage.py [--matrices 1000] [--seeds 2 3].

Draws matrices of trainings whose truth is known, tested on `normal`, `occluded` and `mixed`, and judges each as the
page does. Faces differ in difficulty, networks answer alike on most of them, and every seed shifts the accuracy of its
networks by a normal deviate, the same for all rows to some part. Prints a line per setting:

star      share of matrices of equal trainings that show any star (at most .05)
cover     share of the cells' 95 % intervals that hold the accuracy over all faces and seeds (.93 to .98)
power     share of matrices in which the pair of a row that is two points better and another is significant (normal)
t, t star the same of a paired t test over the seeds' accuracies, corrected alike, and how often it stars equals
known     the same of a test that knows the true variance

The default run takes some minutes on one core; docs/statistics.md has its table.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, stdtr
from tqdm import tqdm

from fer_exp.evaluation.intervals import CrossedMeans, proportion_interval
from fer_exp.evaluation.matrix import compare_rows
from fer_exp.evaluation.statistics import holm

SEEDS = [1, 2, 3, 5, 10]
SKILL = {"normal": 0.6, "occluded": -0.1}  # mean of the latent skill: accuracies of .69 and .47
ANSWER = 0.7  # deviation of single answers beside 1 of the faces' difficulty


class Setting(NamedTuple):
    """A kind of matrix."""

    rows: int
    seeds: int
    faces: int
    deviation: float  # between seeds, in points
    shared: float  # part of it that all rows have in common
    own_faces: float = 0.0  # how far rows find other faces difficult
    unlike: bool = False  # the first row's seeds vary twice as much, those of others half


def main_settings() -> list[Setting]:
    """Return two of the eight combinations of faces, rows and shared for each number of seeds and deviation."""
    settings = []
    for i, count in enumerate(SEEDS):
        for j, deviation in enumerate((0.0, 0.5, 1.0, 2.0)):
            few, many = ((500, 3, 0.0), (4000, 4, 0.5)) if (i + j) % 2 else ((500, 4, 0.5), (4000, 3, 0.0))
            settings += [Setting(rows, count, faces, deviation, shared) for faces, rows, shared in (few, many)]
    return settings


def hard_settings() -> list[Setting]:
    """Return settings in which a premise does not hold, or holds just."""
    hard = []
    for count in SEEDS[1:]:
        hard += [Setting(3, count, 4000, 2.0, shared) for shared in (0.5, 0.9)]
        hard += [Setting(3, count, 4000, 0.5, 0.5, own_faces=0.3), Setting(3, count, 4000, 1.0, 0.0, unlike=True)]
    return hard


def draw(rng: np.random.Generator, s: Setting, points: float = 0.0) -> tuple[dict[str, np.ndarray], dict[str, list]]:
    """Return right or wrong per test set, (rows, seeds, faces), the first row `points` better, and what equals have."""
    deviations = np.full(s.rows, s.deviation) * (np.where(np.arange(s.rows), 0.5, 2.0) if s.unlike else 1.0) / 100
    shared = rng.standard_normal(s.seeds)
    luck = np.sqrt(s.shared) * shared + np.sqrt(1 - s.shared) * rng.standard_normal((s.rows, s.seeds))
    width = np.sqrt(1 + ANSWER**2 + s.own_faces**2)
    common = rng.standard_normal(s.faces, dtype=np.float32)
    right, truth = {}, {}
    for form, skill in SKILL.items():
        slope = np.exp(-0.5 * (skill / width) ** 2) / np.sqrt(2 * np.pi) / width  # accuracy by skill
        means = skill + (luck * deviations[:, None] + (np.arange(s.rows) == 0)[:, None] * points / 100) / slope
        faces = 0.8 * common + 0.6 * rng.standard_normal(s.faces, dtype=np.float32)
        latent = ANSWER * rng.standard_normal((s.rows, s.seeds, s.faces), dtype=np.float32) + faces
        if s.own_faces:
            latent += s.own_faces * rng.standard_normal((s.rows, 1, s.faces), dtype=np.float32)
        right[form] = latent > -means[:, :, None].astype(np.float32)
        truth[form] = ndtr(skill / np.sqrt(width**2 + (deviations / slope) ** 2))
    right["mixed"] = right["normal"].copy()
    right["mixed"][:, :, ::2] = right["occluded"][:, :, ::2]
    truth["mixed"] = (truth["normal"] + truth["occluded"]) / 2
    return right, truth


def summarise(right: dict[str, np.ndarray]) -> dict[str, CrossedMeans]:
    """Return the columns of a matrix as the page has them."""
    seeds = {str(row): [str(seed) for seed in range(len(found))] for row, found in enumerate(right["normal"])}
    return {
        test_set: CrossedMeans({(row, test_set): found[int(row)] for row in seeds}, seeds)
        for test_set, found in right.items()
    }


def covered(columns: dict[str, CrossedMeans], truth: dict[str, list]) -> list[bool]:
    """Return for each cell whether its interval holds the truth."""
    found = []
    for test_set, means in columns.items():
        for row in means.seeds:
            low, high = proportion_interval(means.estimate({(row, test_set): 1.0}))
            found.append(low <= truth[test_set][int(row)] <= high)
    return found


def stars(columns: dict[str, CrossedMeans], p: np.ndarray) -> bool:
    """Return whether a p below .05 belongs to the best of a column; p is in the order of compare_rows."""
    pairs = [(t, a, b) for t, means in columns.items() for a, b in combinations(means.seeds, 2)]
    best = {t: means.cells[int(means.means.argmax())][0] for t, means in columns.items()}
    return any(value < 0.05 and best[t] in (a, b) for value, (t, a, b) in zip(p, pairs, strict=True))


def paired_t(columns: dict[str, CrossedMeans]) -> np.ndarray:
    """Return p of paired t tests over the seeds' accuracies, corrected by Holm."""
    found = []
    for test_set, means in columns.items():
        for a, b in combinations(means.seeds, 2):
            d = means.by_seed[a, test_set] - means.by_seed[b, test_set]
            error = d.std(ddof=1) / np.sqrt(len(d)) if len(d) > 1 else np.inf
            found.append(2 * stdtr(max(len(d) - 1, 1), -abs(d.mean()) / max(error, 1e-12)))
    return holm(np.array(found))


def rates(s: Setting, matrices: int, seed: int = 0) -> dict[str, float]:
    """Return the rates of a setting by name, each over this many matrices."""
    rng = np.random.default_rng([seed, *(int(100 * value) for value in s)])
    hits: dict[str, list] = {name: [] for name in ("star", "cover", "power", "t", "t star")}
    differences = []
    for _ in range(matrices):
        right, truth = draw(rng, s)
        columns = summarise(right)
        hits["star"].append(stars(columns, np.array([pair.p for pair in compare_rows(columns)])))
        hits["t star"].append(stars(columns, paired_t(columns)))
        hits["cover"] += covered(columns, truth)
        columns = summarise(draw(rng, s, 2.0)[0])
        pairs = compare_rows(columns)
        hits["power"].append(pairs[0].p < 0.05)
        hits["t"].append(paired_t(columns)[0] < 0.05)
        differences.append([pair.estimate.value for pair in pairs])
    z = np.abs(differences) / np.std(differences, axis=0)
    known = np.mean([holm(2 * ndtr(-row))[0] < 0.05 for row in z])
    return {name: float(np.mean(values)) for name, values in hits.items()} | {"known": float(known)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matrices", type=int, default=500, help="matrices per setting, equal ones and unequal ones")
    parser.add_argument("--seeds", type=int, nargs="+", choices=SEEDS, default=SEEDS, help="numbers of seeds")
    args = parser.parse_args()
    names = ("star", "cover", "power", "t", "t star", "known")
    for title, settings in (("settings", main_settings()), ("hard cases", hard_settings())):
        lines = []
        for s in tqdm([s for s in settings if s.seeds in args.seeds], title, disable=None):
            found = rates(s, args.matrices)
            extra = f"own faces {s.own_faces}" if s.own_faces else "unlike seeds" if s.unlike else ""
            setting = f"{s.seeds:5} {s.deviation:4.1f} {s.faces:6} {s.rows:5} {s.shared:7.1f}"
            lines.append(f"{setting}{''.join(f'{found[name]:8.3f}' for name in names)}  {extra}".rstrip())
        print(f"{title}\nseeds   SD  faces  rows  shared{''.join(f'{name:>8}' for name in names)}", *lines, sep="\n")


if __name__ == "__main__":
    main()
