"""Which epoch each monitored validation metric picks, and how that epoch does on the test sets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from math import nan

import pandas as pd

from fer_exp.config.training import METRICS, Mode, check_monitor


def best_epoch(values: Mapping[int, float], mode: Mode) -> int:
    """Return the epoch with the best value, the earliest on ties; NaN is never better."""
    sign = 1 if mode is Mode.max else -1
    return max(sorted(values), key=lambda epoch: -math.inf if math.isnan(values[epoch]) else sign * values[epoch])


def compare_monitors(
    history: Mapping[str, Mapping[int, float]], accuracy: Mapping[str, Mapping[int, float]]
) -> pd.DataFrame:
    """Return a row per monitor (its epoch, accuracy on each test set), and two to compare with.

    The last two rows are the last epoch, and for each test set the best of all epochs: what nobody could have chosen
    without looking at the test set. An epoch whose model was not kept has no accuracy, and there is no best of all.

    Args:
        history: validation metric -> epoch -> value, of all epochs.
        accuracy: test set -> epoch -> accuracy, of the epochs that were kept.
    """
    epochs = set().union(*history.values())
    rows = []
    for name in (f"val_{metric}" for metric in METRICS):
        if values := history.get(name):
            epoch = best_epoch(values, check_monitor("monitor", name, None))
            rows.append({"chosen by": name, "epoch": epoch} | {t: a.get(epoch, nan) for t, a in accuracy.items()})
    last = max(epochs)
    rows.append({"chosen by": "the last epoch", "epoch": last} | {t: a.get(last, nan) for t, a in accuracy.items()})
    if all(epochs <= a.keys() for a in accuracy.values()):
        rows.append({"chosen by": "the test set (not allowed)"} | {t: max(a.values()) for t, a in accuracy.items()})
    return pd.DataFrame(rows).astype({"epoch": "Int64"})
