"""Which runs make one matrix."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_exp.tracking import Run

# these two make a matrix's rows and repeats, the others change no result; all else that differs makes another matrix
WITHIN = ("data", "seed", "workers", "tracking")


def grouped(runs: list[Run]) -> dict[str, list[Run]]:
    """Runs by what differs beside variant and seed: `model=a optimizer.learning_rate=0.1` -> runs."""
    params = [run.data.params for run in runs]
    keys = sorted(set().union(*params))
    differing = [k for k in keys if k.split(".")[0] not in WITHIN and len({p.get(k) for p in params}) > 1]
    chosen = [k for k in differing if "." not in k]
    # an option's own keys say nothing new beside its name
    differing = [k for k in differing if k in chosen or k.split(".")[0] not in chosen]
    groups = defaultdict(list)
    for run in runs:
        groups[" ".join(f"{key}={run.data.params.get(key)}" for key in differing)].append(run)
    return dict(groups)


def common(runs: list[Run]) -> dict[str, str]:
    """Parameters that all runs share."""
    first, *others = [run.data.params for run in runs]
    return {k: v for k, v in first.items() if all(p.get(k) == v for p in others)}
