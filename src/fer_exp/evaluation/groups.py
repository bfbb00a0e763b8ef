"""Which runs make one matrix."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from fer_exp.config.inputs import MACHINE
from fer_exp.evaluation.results import MARKS

if TYPE_CHECKING:
    from fer_exp.tracking import Run

# variant, marks and seed make a matrix's rows and repeats, the others change no result; all else that differs
# makes another matrix
ROW_AND_SEED = ("data", *(key for key, _, _ in MARKS), "seed")
SAME_MATRIX = (*ROW_AND_SEED, "tests", *MACHINE)
WITH_ALL_KEYS = ("test_datasets", "tracking")  # groups of keys of which none makes another matrix


def group_runs(runs: list[Run]) -> dict[str, list[Run]]:
    """Group runs by what differs beside variant and seed: `model=a optimizer.learning_rate=0.1` -> runs."""
    params = [run.data.params for run in runs]
    keys = sorted(set().union(*params))
    # a run of an older version lacks keys, which then had their defaults
    values = {k: {p[k] for p in params if k in p} for k in keys}
    differing = [
        k for k in keys if k not in SAME_MATRIX and k.split(".")[0] not in WITH_ALL_KEYS and len(values[k]) > 1
    ]
    options = [k for k in differing if "." not in k]
    # an option's own keys say nothing new beside its name, unless they differ within it
    differing = [k for k in differing if k in options or not _follows_option(k, params)]
    groups = defaultdict(list)
    for run in runs:
        groups[" ".join(f"{key}={run.data.params.get(key)}" for key in differing)].append(run)
    return dict(groups)


def _follows_option(key: str, params: list[dict[str, str]]) -> bool:
    """Return whether an option's key has one value for each option."""
    option, values = key.split(".")[0], defaultdict(set)
    for p in params:
        values[p.get(option)].add(p.get(key))
    return option in params[0] and all(len(of_option) == 1 for of_option in values.values())


def latest_runs(runs: list[Run]) -> tuple[list[Run], list[str]]:
    """Return the latest run of each row and seed, and a line for each repeat that is not counted."""
    latest: dict[tuple[str | None, ...], Run] = {}
    notes = []
    for run in sorted(runs, key=lambda run: run.info.start_time):
        row_and_seed = tuple(run.data.params.get(key) for key in ROW_AND_SEED)
        if earlier := latest.get(row_and_seed):
            notes.append(f"{earlier.info.run_name} ran again later: {earlier.info.run_id} is not counted")
        latest[row_and_seed] = run
    return list(latest.values()), notes


def common_params(runs: list[Run]) -> dict[str, str]:
    """Return the parameters that all runs share."""
    first, *others = [run.data.params for run in runs]
    return {k: v for k, v in first.items() if all(p.get(k) == v for p in others)}
