"""The interval of an accuracy where several faces show one person."""

from __future__ import annotations

import numpy as np
from scipy import stats

from fer_exp.evaluation.statistics import Interval, wilson


def people_interval(correct: np.ndarray, groups: np.ndarray, confidence: float = 0.95) -> Interval:
    """Return Wilson's interval for as many independent faces as these faces of fewer people are worth.

    The variance of the accuracy is that between people (linearised, Cochran 1977, section 9); the number of faces is
    divided by what it is greater than that of independent faces, and reduced by Student's t for few people (Korn and
    Graubard 1998; Dean and Pagano 2015 on Wilson's interval). It is never narrower than that over faces.

    Args:
        correct: (n,) bool.
        groups: (n,) str, who is on each face; every "" is a person of their own.
        confidence: the share of intervals that hold the truth.

    Returns:
        0 to 1 where there is one person alone.

    Raises:
        ValueError: there are no faces.
    """
    n = len(correct)
    over_faces = wilson(int(correct.sum()), n, confidence)
    names = np.where(groups == "", np.char.add("face ", np.arange(n).astype(str)), np.char.add("group ", groups))
    _, person = np.unique(names, return_inverse=True)
    count = person.max() + 1
    if count == n:
        return over_faces
    if count == 1:
        return Interval(0.0, 1.0)
    share = correct.mean()
    totals = np.bincount(person, correct - share)
    # people of unequal numbers of faces are worth fewer people of equal ones (Kish 1965)
    equal = max(n**2 / (np.bincount(person) ** 2).sum(), 1.5)
    between = equal / (equal - 1) * (totals**2).sum() / n**2
    independent = share * (1 - share) / n
    # all right or all wrong: nothing tells how alike faces of a person are, so that each counts once
    worth = n * min(1.0, independent / between) if between else float(count)
    normal = stats.norm.ppf(0.5 + confidence / 2)
    worth *= (normal / stats.t.ppf(0.5 + confidence / 2, max(equal - 1, 1))) ** 2
    middle = share + normal**2 / (2 * worth)
    half = normal * np.sqrt(share * (1 - share) / worth + normal**2 / (4 * worth**2))
    ends = ((middle + sign * half) / (1 + normal**2 / worth) for sign in (-1, 1))
    low, high = (float(np.clip(end, 0, 1)) for end in ends)
    return Interval(min(low, over_faces.low), max(high, over_faces.high))
