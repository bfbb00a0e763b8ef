"""How many seeds and faces would show a difference, from the variances of runs that are there."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from fer_exp.errors import UserError
from fer_exp.evaluation.estimates import Estimate
from fer_exp.evaluation.intervals import CrossedMeans
from fer_exp.evaluation.matrix import crossed_means, tested_sets
from fer_exp.evaluation.results import RunResult
from fer_exp.inputs.variants import TEST_SETS

SEEDS = (2, 3, 4, 5, 6, 8, 10, 15, 20, 30)
FACES = (1, 2, 4)  # times as many as there are, of as many times the people
QUANTILES = (np.arange(12) + 0.5) / 12  # of what the variance between seeds may be estimated as


class Variances(NamedTuple):
    """What a difference of two trainings on the same faces varies by: mean over the pairs of a matrix's rows.

    Attributes:
        seed: variance between seeds of one seed's difference, with the chance of single answers.
        person: variance of the difference between people, of one person with as many faces as there are on average;
            of one face where no one is known.
        people: the number that they were estimated from; faces where no one is known.
        rows: of the matrix.
    """

    seed: float
    person: float
    people: float
    rows: int


def find_variances(means: CrossedMeans, test_set: str) -> Variances:
    """Return the variances of differences on one test set.

    Raises:
        UserError: there is one row, or no row has two seeds: nothing is known of other trainings.
    """
    pairs = list(combinations(means.seeds, 2))
    if not pairs or max(map(len, means.seeds.values())) < 2:
        raise UserError(
            "the variance between seeds is not known: it takes two trainings with two seeds each, "
            "such as -m data=normal,mixed seed=0,1,2"
        )
    seed, person = [], []
    for a, b in pairs:
        found = means.estimate({(a, test_set): 1.0, (b, test_set): -1.0})
        # a difference of rows with other numbers of seeds varies as 1/S + 1/T
        per_seed = (1 / len(means.seeds[a]) + 1 / len(means.seeds[b])) / 2
        seed.append(found.of_seeds / per_seed)
        person.append(found.of_faces * found.people)
    return Variances(float(np.mean(seed)), float(np.mean(person)), means.people.number, len(means.seeds))


def power(of: Variances, difference: float, seeds: int, people: float, alpha: float) -> float:
    """Return the chance that a true difference has a p (that of `Estimate`) below alpha, 0..1.

    The mean over what the variance between seeds may be estimated as: chi squared with the degrees of freedom that
    pooling over the rows of as large a matrix gives.

    Args:
        of: the variances.
        difference: the true one, 0..1.
        seeds: of each training, 2 or more.
        people: that are tested; faces where no one is known.
        alpha: of one comparison.
    """
    of_seeds, of_faces = of.seed / seeds, of.person / people
    if of_seeds + of_faces == 0:
        return 1.0
    freedom = (of.rows - 1) * (seeds - 1)
    spread = np.sqrt(of_seeds + of_faces)
    chances = []
    for quantile in QUANTILES:
        estimated = of_seeds * stats.chi2.ppf(quantile, freedom) / freedom
        seen = Estimate(0.0, estimated, float(freedom), of_faces, people)
        smallest = brentq(lambda value, seen=seen: seen._replace(value=value).p - alpha, 0.0, 100 * spread)
        chances.append(
            stats.norm.sf((smallest - difference) / spread) + stats.norm.cdf((-smallest - difference) / spread)
        )
    return float(np.mean(chances))


def plan(results: list[RunResult], checkpoint: str, difference: float, of_cases: float) -> pd.DataFrame:
    """Return a row per test set and number of faces: how many seeds of each training would show a difference.

    It counts as shown where its p, corrected for all pairs of rows on all main test sets, is below 0.05: the first step
    of Holm's method, which is the hardest.

    Args:
        results: the runs of a matrix.
        checkpoint: best or last.
        difference: the true difference of accuracies, 0..1.
        of_cases: the power wanted, 0..1.

    Returns:
        Columns tested_on, faces, seeds (NaN where not even the most of `SEEDS` do), power (with these, or with the
        most), seed_deviation and least (the smallest difference that the seeds that are there would show), all 0..1.

    Raises:
        UserError: nothing is known of other trainings.
    """
    rows = []
    sets = [name for name in tested_sets(results, checkpoint) if name in TEST_SETS]
    for test_set in sets:
        means = crossed_means(results, checkpoint, [test_set])
        if means is None:
            continue
        found = find_variances(means, test_set)
        alpha = 0.05 / (len(sets) * found.rows * (found.rows - 1) / 2)
        there = min(len(seeds) for seeds in means.seeds.values())
        for times in FACES:
            people = found.people * times
            by_seeds = {seeds: power(found, difference, seeds, people, alpha) for seeds in SEEDS}
            enough = next((float(seeds) for seeds, value in by_seeds.items() if value >= of_cases), float("nan"))
            shown = by_seeds.get(int(enough)) if np.isfinite(enough) else by_seeds[SEEDS[-1]]
            least = _least(found, there, people, alpha, of_cases) if there > 1 else float("nan")
            rows.append((test_set, means.faces * times, enough, shown, float(np.sqrt(found.seed / 2)), least))
    columns = ["tested_on", "faces", "seeds", "power", "seed_deviation", "least"]
    return pd.DataFrame(rows, columns=columns)


def _least(of: Variances, seeds: int, people: float, alpha: float, of_cases: float) -> float:
    """Return the smallest difference that is shown in so many cases; NaN where none below 1 is."""

    def missing(difference: float) -> float:
        return power(of, difference, seeds, people, alpha) - of_cases

    return float(brentq(missing, 0.0, 1.0, xtol=1e-4)) if missing(0.0) < 0 < missing(1.0) else float("nan")
