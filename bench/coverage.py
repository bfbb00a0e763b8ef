"""Whether intervals and stars keep their promise: python bench/coverage.py [--matrices 1000].

Draws matrices of trainings whose truth is known, tested on `normal`, `occluded` and `mixed`, and judges each as the
page does. Faces differ in difficulty, networks answer alike on most of them, and every seed shifts the accuracy of its
networks by a normal deviate, the same for all rows to some part. Prints a line per setting:

star      share of matrices of equal trainings that show any star (at most .05)
cover     share of the cells' 95 % intervals that hold the accuracy over all faces, people and seeds (.93 to .98)
power     share of matrices in which the pair of a row that is two points better and another is significant (normal)
t, t star the same of a paired t test over the seeds' accuracies, corrected alike, and how often it stars equals
known     the same of a test that knows the true variance

Beside settings of unlike seeds stands `cover` row by row, beside those of people the first two rates of a page that
takes no notice of people.

The default run takes some minutes on one core; docs/statistics.md has its table.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, stdtr
from tqdm import tqdm

from fer_exp.evaluation.estimates import proportion_interval
from fer_exp.evaluation.intervals import CrossedMeans
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
    people: int = 0  # who are on the faces; 0: every face shows another
    person: float = 0.0  # deviation of skill between people, beside 1 of their faces
    own_people: float = 0.0  # how far rows find other people difficult
    uneven: bool = False  # people have unequal numbers of faces


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
        hard += [Setting(4, count, 4000, 1.0, 0.5, unlike=True)]
    return hard


def people_settings() -> list[Setting]:
    """Return settings in which people are on about 40 faces each."""
    settings = []
    for count in SEEDS[:4]:
        for people, person, own in ((100, 0.5, 0.0), (100, 0.5, 0.2), (30, 0.5, 0.2), (30, 1.0, 0.2), (8, 0.5, 0.2)):
            of_people = {"people": people, "person": person, "own_people": own}
            settings.append(Setting(3, count, 40 * people, 1.0, 0.0, **of_people))
        settings.append(Setting(3, count, 1200, 1.0, 0.0, people=30, person=0.5, own_people=0.2, uneven=True))
    return settings


def draw_people(rng: np.random.Generator, s: Setting) -> np.ndarray:
    """Return who is on each face, (faces,) int; uneven people differ in their numbers of faces as waiting times do."""
    if not s.uneven:
        return np.arange(s.faces) % s.people
    return rng.choice(s.people, s.faces, p=rng.dirichlet(np.ones(s.people)))


def draw(
    rng: np.random.Generator, s: Setting, points: float = 0.0
) -> tuple[dict[str, np.ndarray], dict[str, list], np.ndarray | None]:
    """Return right or wrong per test set, (rows, seeds, faces), what equals have, and who is on the faces, if known.

    The first row is `points` better.
    """
    deviations = np.full(s.rows, s.deviation) * (np.where(np.arange(s.rows), 0.5, 2.0) if s.unlike else 1.0) / 100
    shared = rng.standard_normal(s.seeds)
    luck = np.sqrt(s.shared) * shared + np.sqrt(1 - s.shared) * rng.standard_normal((s.rows, s.seeds))
    width = np.sqrt(1 + ANSWER**2 + s.own_faces**2 + s.person**2 + s.own_people**2)
    common = rng.standard_normal(s.faces, dtype=np.float32)
    who = draw_people(rng, s) if s.people else None
    of_people = rng.standard_normal(s.people, dtype=np.float32)
    right, truth = {}, {}
    for form, skill in SKILL.items():
        slope = np.exp(-0.5 * (skill / width) ** 2) / np.sqrt(2 * np.pi) / width  # accuracy by skill
        means = skill + (luck * deviations[:, None] + (np.arange(s.rows) == 0)[:, None] * points / 100) / slope
        faces = 0.8 * common + 0.6 * rng.standard_normal(s.faces, dtype=np.float32)
        latent = ANSWER * rng.standard_normal((s.rows, s.seeds, s.faces), dtype=np.float32) + faces
        if s.own_faces:
            latent += s.own_faces * rng.standard_normal((s.rows, 1, s.faces), dtype=np.float32)
        if who is not None:
            latent += s.person * (0.8 * of_people + 0.6 * rng.standard_normal(s.people, dtype=np.float32))[who]
            latent += s.own_people * rng.standard_normal((s.rows, 1, s.people), dtype=np.float32)[:, :, who]
        right[form] = latent > -means[:, :, None].astype(np.float32)
        truth[form] = ndtr(skill / np.sqrt(width**2 + (deviations / slope) ** 2))
    right["mixed"] = right["normal"].copy()
    right["mixed"][:, :, ::2] = right["occluded"][:, :, ::2]
    truth["mixed"] = (truth["normal"] + truth["occluded"]) / 2
    return right, truth, None if who is None else who.astype(str)


def summarise(right: dict[str, np.ndarray], who: np.ndarray | None) -> dict[str, CrossedMeans]:
    """Return the columns of a matrix as the page has them."""
    seeds = {str(row): [str(seed) for seed in range(len(found))] for row, found in enumerate(right["normal"])}
    return {
        test_set: CrossedMeans({(row, test_set): found[int(row)] for row in seeds}, seeds, who)
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


def judge(columns: dict[str, CrossedMeans]) -> bool:
    """Return whether the page shows any star."""
    return stars(columns, np.array([pair.p for pair in compare_rows(columns)]))


def rates(s: Setting, matrices: int, seed: int = 0) -> dict[str, float]:
    """Return the rates of a setting by name, each over this many matrices."""
    named = (
        s if s.people else s[: Setting._fields.index("people")]
    )  # settings without people draw what they always drew
    rng = np.random.default_rng([seed, *(int(100 * value) for value in named)])
    hits: dict[str, list] = defaultdict(list)
    differences = []
    for _ in range(matrices):
        right, truth, who = draw(rng, s)
        columns = summarise(right, who)
        hits["star"].append(judge(columns))
        hits["t star"].append(stars(columns, paired_t(columns)))
        hits["cover"] += covered(columns, truth)
        if who is not None:
            of_faces = summarise(right, None)
            hits["faces: star"].append(judge(of_faces))
            hits["faces: cover"] += covered(of_faces, truth)
        if s.unlike:
            by_row = np.reshape(hits["cover"][-3 * s.rows :], (3, s.rows))
            hits["loud"] += by_row[:, 0].tolist()
            hits["quiet"] += by_row[:, 1:].ravel().tolist()
        right, _, who = draw(rng, s, 2.0)
        columns = summarise(right, who)
        pairs = compare_rows(columns)
        hits["power"].append(pairs[0].p < 0.05)
        hits["t"].append(paired_t(columns)[0] < 0.05)
        differences.append([pair.estimate.value for pair in pairs])
    z = np.abs(differences) / np.std(differences, axis=0)
    known = np.mean([holm(2 * ndtr(-row))[0] < 0.05 for row in z])
    return {name: float(np.mean(values)) for name, values in hits.items()} | {"known": float(known)}


def describe(s: Setting, found: dict[str, float]) -> str:
    """Return what is special about a setting, in words."""
    words = [f"own faces {s.own_faces}"] if s.own_faces else []
    if s.unlike:
        words.append(f"unlike seeds (cover {found['loud']:.3f} of the first row, {found['quiet']:.3f} of the others)")
    if s.people:
        words.append(f"people {s.people}{' uneven' if s.uneven else ''}, SD {s.person}, own {s.own_people}")
        words.append(f"counted as faces: star {found['faces: star']:.3f}, cover {found['faces: cover']:.3f}")
    return "; ".join(words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matrices", type=int, default=500, help="matrices per setting, equal ones and unequal ones")
    parser.add_argument("--seeds", type=int, nargs="+", choices=SEEDS, default=SEEDS, help="numbers of seeds")
    tables = {"settings": main_settings, "hard": hard_settings, "people": people_settings}
    parser.add_argument("--tables", nargs="+", choices=tables, default=[*tables], help="kinds of settings")
    args = parser.parse_args()
    names = ("star", "cover", "power", "t", "t star", "known")
    for title in args.tables:
        lines = []
        for s in tqdm([s for s in tables[title]() if s.seeds in args.seeds], title, disable=None):
            found = rates(s, args.matrices)
            setting = f"{s.seeds:5} {s.deviation:4.1f} {s.faces:6} {s.rows:5} {s.shared:7.1f}"
            lines.append(f"{setting}{''.join(f'{found[name]:8.3f}' for name in names)}  {describe(s, found)}".rstrip())
        print(f"{title}\nseeds   SD  faces  rows  shared{''.join(f'{name:>8}' for name in names)}", *lines, sep="\n")


if __name__ == "__main__":
    main()
